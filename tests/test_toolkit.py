"""Each technique through the estimators: it does what its formula says."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix
from scipy.stats import norm
from sklearn.datasets import load_breast_cancer, make_regression
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg._docs import describe
from sknnreg.engine.layers import BatchNorm, LayerNorm
from sknnreg.engine.optimizers import OPTIMIZERS, Optimizer
from sknnreg.engine.penalties import PENALTIES, GroupL1, Penalty
from sknnreg.engine.schedules import SCHEDULES, Horizon
from tests.engine.factories import context
from tests.factories import however_it_ends, nothing_left, unscaled
from tests.forms import both_forms

pytestmark = [however_it_ends, unscaled, nothing_left]


# Normalization


def test_running_statistics_approach_the_population():
    layer = BatchNorm()
    c = context(layer, 3, 500, training=True)
    rng = np.random.default_rng(0)
    mean, std = np.array([1.0, -2, 0]), np.array([0.5, 3, 1])
    for _ in range(300):
        layer.forward(rng.normal(mean, std, size=(1, 500, 3)), c)
    np.testing.assert_allclose(c.values["mean"][0], mean, atol=0.1)
    np.testing.assert_allclose(c.values["variance"][0], std**2, rtol=0.05)


def test_batch_norm_by_hand():
    layer = BatchNorm(momentum=0.8)
    c = context(layer, 2, 4, training=True)
    c.values["gamma"][...] = [2.0, 3.0]
    c.values["beta"][...] = [0.5, -0.5]
    x = np.random.default_rng(0).normal(size=(1, 4, 2))
    mean, variance = x[0].mean(axis=0), x[0].var(axis=0)
    expected = [2, 3] * (x[0] - mean) / np.sqrt(variance + 1e-5) + [0.5, -0.5]
    np.testing.assert_allclose(layer.forward(x, c)[0], expected)
    np.testing.assert_allclose(c.values["mean"][0], 0.2 * mean)
    np.testing.assert_allclose(c.values["variance"][0], 0.8 + 0.2 * variance)


def test_batch_norm_of_weighted_rows_is_that_of_repeated_rows():
    x = np.random.default_rng(0).normal(size=(1, 3, 2))
    weight = np.array([[1.0, 3.0, 2.0]])
    outputs, statistics = [], []
    for rows, w in ((x, weight), (x.repeat([1, 3, 2], axis=1), None)):
        layer = BatchNorm()
        c = context(layer, 2, rows.shape[1], training=True, weight=w)
        outputs.append(layer.forward(rows, c)[0])
        statistics.append(np.hstack([c.values["mean"][0], c.values["variance"][0]]))
    np.testing.assert_allclose(outputs[0].repeat([1, 3, 2], axis=0), outputs[1])
    np.testing.assert_allclose(*statistics)


@pytest.mark.parametrize("weight", [None, np.zeros((1, 1))])
def test_batch_norm_of_one_row_uses_running_statistics(weight):
    layer = BatchNorm()
    c = context(layer, 2, 1, training=True, weight=weight)
    c.values["mean"][...] = 5.0
    c.values["variance"][...] = 4.0
    y = layer.forward(np.array([[[7.0, 1.0]]]), c)
    np.testing.assert_allclose(y[0, 0], [1.0, -2.0], rtol=1e-5)
    assert (c.values["mean"] == 5.0).all()
    dx = layer.backward(np.ones((1, 1, 2)), c, True)
    np.testing.assert_allclose(dx, 0.5, rtol=1e-5)


def test_batch_norm_with_a_short_last_batch_of_one_row():
    X, y = make_regression(41, 4, random_state=0)
    model = MLPRegressorScratch(
        hidden_layer_sizes=(8,), normalization="batch", batch_size=10, random_state=0
    ).fit(X, y)
    assert np.isfinite(model.predict(X[:1])).all()
    # predictions do not depend on the rows beside
    np.testing.assert_allclose(model.predict(X[:1])[0], model.predict(X)[0])


def test_early_stopping_restores_running_statistics():
    """The score of the fitted model is that of the best epoch, statistics included."""
    X, y = make_regression(200, 5, noise=20.0, random_state=0)
    y = (y - y.mean()) / y.std()
    model = MLPRegressorScratch(
        hidden_layer_sizes=(20,),
        normalization="batch",
        early_stopping=True,
        learning_rate_init=0.05,
        n_iter_no_change=5,
        random_state=0,
    )
    model.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    assert model.best_iter_ < model.n_iter_
    loss = 0.5 * np.mean((model.predict(X[150:]) - y[150:]) ** 2)
    assert -loss == pytest.approx(model.best_validation_score_, rel=1e-12)


def test_layer_norm_by_hand():
    layer = LayerNorm()
    c = context(layer, 5, 3)
    x = np.random.default_rng(0).normal(size=(1, 3, 5))
    y = layer.forward(x, c)[0]
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=1), 1, rtol=1e-4)


# Noise, limits


def test_input_noise_shrinks_a_linear_net_like_ridge():
    """Bishop 1995: E J = J + ½ s² Σ σ_j² w_j², the ridge solution with α = n s² σ²."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)) * [1.0, 5.0, 0.2]
    y = X @ [1.0, -0.4, 6.0] + 0.1 * rng.normal(size=400)
    y -= y.mean()
    X -= X.mean(axis=0)
    s = 0.7
    scaled = X / X.std(axis=0)
    ridge = Ridge(alpha=len(X) * s**2, fit_intercept=False).fit(scaled, y)
    model = MLPRegressorScratch(
        hidden_layer_sizes=(),
        penalty=None,
        input_noise=s,
        solver="sgd",
        momentum=0.9,
        batch_size=400,
        learning_rate="exponential",
        learning_rate_init=0.02,
        decay_epochs=1000,
        max_iter=6000,
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(X, y)
    ours = model.coefs_[0][:, 0] * X.std(axis=0)
    np.testing.assert_allclose(ours, ridge.coef_, rtol=0.05, atol=0.02)
    # and it is far from the solution without noise
    assert np.linalg.norm(ours) < 0.75 * np.linalg.norm([1.0, -2.0, 1.2])


def test_noise_of_a_sparse_batch_equals_the_dense_one():
    X, y = make_regression(60, 5, random_state=0)
    X[X < 0.3] = 0
    dense, sparse = (
        MLPRegressorScratch(input_noise=0.3, max_iter=5, random_state=0).fit(A, y)
        for A in (X, csr_matrix(X))
    )
    np.testing.assert_allclose(dense.coefs_[0], sparse.coefs_[0])


def test_scales_of_inputs_are_learned_faster_and_not_penalized():
    """One step of plain descent, by hand; an importance is that of the product."""
    X, y = make_regression(50, 4, random_state=0)
    params = {"hidden_layer_sizes": (), "solver": "sgd", "momentum": 0.0}
    model = MLPRegressorScratch(
        **params,
        input_scale=6.0,
        alpha=0.5,
        init="constant",
        learning_rate_init=1e-4,
        max_iter=1,
        random_state=0,
    ).fit(X, y)
    residuals = X.sum(axis=1) * 0.1 - y
    slope = X.T @ residuals / 50
    scale = model._arrays[0]
    np.testing.assert_allclose(scale, 1 - 6e-4 * 0.1 * slope)
    weights = model.coefs_[0][:, 0]
    np.testing.assert_allclose(weights, 0.1 - 1e-4 * (slope + 0.5 * 0.1))
    np.testing.assert_allclose(model.feature_importances_, abs(scale * weights))
    by_hand = X * scale @ weights + model.intercepts_[0]
    np.testing.assert_allclose(model.predict(X), by_hand)


def test_max_norm_holds_after_training():
    X, y = make_regression(100, 5, random_state=0)
    model = MLPRegressorScratch(
        hidden_layer_sizes=(10, 10),
        max_norm=0.7,
        learning_rate_init=0.1,
        random_state=0,
    ).fit(X, y)
    norms = np.hstack([np.linalg.norm(W, axis=0) for W in model.coefs_])
    assert norms.max() <= 0.7 + 1e-12
    assert norms.max() == pytest.approx(0.7)


@both_forms
@pytest.mark.parametrize(("dtype", "size"), [("float32", 1e20), ("float64", 1e160)])
def test_max_norm_holds_where_squares_overflow(dtype, size):
    """Columns of huge weights get shorter, and keep their direction."""
    X, y = make_regression(50, 4, n_targets=2, random_state=0)
    first = np.array([[3, 0.0], [4, 1], [0, 2], [0, 2]])
    model = MLPRegressorScratch(
        hidden_layer_sizes=(),
        init=lambda rng, shape: size * first,
        max_norm=0.5,
        solver="sgd",
        learning_rate_init=1e-30,
        alpha=0.0,
        max_iter=1,
        random_state=0,
    ).fit((X / size / size**0.5).astype(dtype), y.astype(dtype))
    assert_allclose(model.coefs_[0], first / [10, 6], rtol=1e-6)


def test_clip_norm_bounds_a_step():
    X, y = make_regression(50, 4, random_state=0)
    settings = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "max_iter": 1}
    first = MLPRegressorScratch(
        clip_norm=0.5, learning_rate_init=1e-300, random_state=0, **settings
    ).fit(X, y)
    then = MLPRegressorScratch(
        clip_norm=0.5, learning_rate_init=0.1, random_state=0, **settings
    ).fit(X, y)
    before, after = (
        np.hstack([a.ravel() for a in (*m.coefs_, *m.intercepts_)])
        for m in (first, then)
    )
    assert np.linalg.norm(after - before) == pytest.approx(0.1 * 0.5)


@both_forms
@pytest.mark.parametrize(
    ("dtype", "size"), [("float32", 1e18), ("float64", 1e152)], ids=str
)
def test_clip_norm_holds_where_squares_overflow(dtype, size):
    """The direction is that of the gradient of a smaller target."""
    X, y = make_regression(50, 4, random_state=0)
    y = y / np.abs(y).max()
    settings = {
        "clip_norm": 0.5,
        "solver": "sgd",
        "activation": "identity",
        "hidden_layer_sizes": (3,),
        "momentum": 0.0,
        "alpha": 0.01,
        "learning_rate_init": 0.1,
        "max_iter": 1,
        "random_state": 0,
    }
    steps = []
    for unit in (1e12, size):
        # of the inputs too, so that only the sum of squares is too large
        model = MLPRegressorScratch(**settings).fit(
            (1e3 * X).astype(dtype), (unit * y).astype(dtype)
        )
        steps.append(np.hstack([W.ravel() for W in model.coefs_]))
        norms = [model.history_[f"gradient_norm_{i}"][-1] for i in range(2)]
        assert 0.4 < np.linalg.norm(norms) <= 0.5 + 1e-6
    assert_allclose(*steps, rtol=1e-4)


def test_gradient_norms_are_finite_where_their_squares_are_not():
    X, y = make_regression(50, 4, random_state=0)
    # under other solvers the moments overflow too, and training diverges
    settings = {"solver": "sgd", "learning_rate_init": 1e-30, "max_iter": 2}
    model = MLPRegressorScratch(random_state=0, **settings)
    model.fit((1e3 * X).astype("float32"), (1e15 * y).astype("float32"))
    norms = np.array([model.history_[f"gradient_norm_{i}"] for i in range(2)])
    assert np.isfinite(norms).all() and (norms > 1e19).any()


# Group lasso


@pytest.mark.parametrize("adaptive", [False, True])
def test_group_prox_minimizes_its_objective(adaptive):
    """v = prox(w) satisfies (v - w) / step + λ v / ‖v‖ = 0, or is 0 where it must."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(2, 40, 6)) * rng.uniform(0.01, 2, size=(2, 40, 1))
    step = rng.uniform(0.01, 1.5, size=w.shape) if adaptive else 0.4
    penalty = GroupL1(np.array([[1.3], [0.4]]), 0.5)
    limit = np.array([1.3, 0.4])[:, None] * 0.5 * np.sqrt(6)
    v = w.copy()
    penalty.prox(v, step)
    zero = (v == 0).all(axis=-1)
    assert 4 < zero.sum() < 76
    force = np.linalg.norm(w / step, axis=-1)
    np.testing.assert_array_equal(zero, force <= limit)
    size = np.linalg.norm(v, axis=-1, keepdims=True)
    slope = (v - w) / step + limit[..., None] * v / np.where(size > 0, size, 1)
    np.testing.assert_allclose(slope[~zero], 0, atol=1e-8)


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
def test_group_l1_finds_the_informative_inputs(solver):
    """5 of 30 inputs matter: these and no others keep weights."""
    X, y, coef = make_regression(
        400, 30, n_informative=5, noise=1.0, coef=True, random_state=0
    )
    y = (y - y.mean()) / y.std()
    model = MLPRegressorScratch(
        hidden_layer_sizes=(16,),
        penalty="group_l1",
        alpha=0.03,
        solver=solver,
        learning_rate_init=0.05 if solver == "sgd" else 0.01,
        learning_rate="cosine",
        max_iter=300,
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(X, y)
    np.testing.assert_array_equal(model.feature_importances_ > 0, coef != 0)
    selector = SelectFromModel(model, threshold=1e-12, prefit=True)
    assert selector.transform(X).shape == (400, 5)


@both_forms
def test_what_is_shut_off_becomes_zero():
    """Not ever smaller numbers, which a processor is a hundred times as slow with."""
    X, y = make_regression(400, 10, random_state=0)
    X, y = X.astype(np.float32), (y / y.std()).astype(np.float32)
    model = MLPRegressorScratch(
        hidden_layer_sizes=(20,),
        penalty="group_l1",
        alpha=0.05,
        batch_size=40,  # 100 epochs are 1000 steps
        max_iter=100,
        tol=0.0,
        n_iter_no_change=100,
        random_state=0,
    ).fit(X, y)
    weights = np.abs(np.hstack([W.ravel() for W in model.coefs_]))
    assert 0 < np.count_nonzero(weights) < weights.size
    assert weights[weights > 0].min() ** 2 >= np.finfo(np.float32).tiny


@pytest.mark.parametrize("penalty", ["l1", "group_l1"])
def test_sparsity_path_rises_to_one(penalty):
    X, y = load_breast_cancer(return_X_y=True)
    shares = []
    for alpha in (1e-4, 1e-2, 1e-1, 10.0):
        model = make_pipeline(
            StandardScaler(),
            MLPClassifierScratch(
                hidden_layer_sizes=(20,),
                penalty=penalty,
                alpha=alpha,
                l1_ratio=1.0,
                learning_rate_init=0.01,
                max_iter=100,
                random_state=0,
            ),
        ).fit(X, y)
        shares.append(np.mean(model[-1].coefs_[0] == 0))
    assert shares == sorted(shares)
    assert shares[0] < 0.5
    assert shares[-1] == 1.0


# Monte-Carlo dropout


def test_monte_carlo_dropout_regressor():
    X, y = make_regression(80, 4, random_state=0)
    model = MLPRegressorScratch(dropout=0.3, max_iter=30, random_state=0).fit(X, y)
    mean, std = model.predict(X, return_std=True, n_samples=50)
    again = model.predict(X, return_std=True, n_samples=50)
    np.testing.assert_array_equal(mean, again[0])
    np.testing.assert_array_equal(std, again[1])
    assert mean.shape == std.shape == y.shape
    assert (std > 0).all()
    # without the flag nothing is random
    np.testing.assert_array_equal(model.predict(X), model.predict(X))


def test_monte_carlo_mean_of_a_linear_output():
    """With one hidden layer the mean over masks is the deterministic prediction."""
    X, y = make_regression(40, 4, random_state=0)
    model = MLPRegressorScratch(dropout=0.4, max_iter=30, random_state=0).fit(X, y)
    n_samples = 4000
    mean, std = model.predict(X, return_std=True, n_samples=n_samples)
    z = (mean - model.predict(X)) / (std / np.sqrt(n_samples))
    assert abs(z).max() < norm.isf(1e-4 / len(X))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_monte_carlo_dropout_classifier(n_classes):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    y = rng.integers(0, n_classes, 60)
    model = MLPClassifierScratch(
        dropout=0.3, normalization="batch", max_iter=10, random_state=0
    ).fit(X, y)
    samples = model.sample_predict_proba(csr_matrix(X), n_samples=20)
    assert samples.shape == (20, 60, n_classes)
    np.testing.assert_allclose(samples.sum(axis=2), 1)
    assert (samples.std(axis=0) > 0).any()


def test_sampling_without_randomness_is_refused():
    X, y = make_regression(20, 3, random_state=0)
    model = MLPRegressorScratch(max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match="dropout"):
        model.predict(X, return_std=True)


# Schedules


def test_schedules_at_chosen_steps():
    horizon = Horizon(steps_per_epoch=5, n_epochs=20, n_samples=50)

    def at(name, *steps, **settings):
        schedule = SCHEDULES[name](horizon, **settings)
        return [schedule(step) for step in steps]

    assert at("constant", 0, 99) == [1, 1]
    np.testing.assert_allclose(
        at("invscaling", 4, 5, 10, power_t=0.5), [1, 51**-0.5, 101**-0.5]
    )
    np.testing.assert_allclose(
        at("cosine", 0, 9, 10, 55, 100, 1000, warmup_fraction=0.1),
        [0.1, 1, 1, 0.5, *[0.5 * (1 + np.cos(np.pi * 89 / 90))] * 2],
        atol=1e-12,
    )
    np.testing.assert_allclose(
        at("onecycle", 0, 29, 99, 500, warmup_fraction=0.3), [0.04, 1, 4e-6, 4e-6]
    )
    # by hand: 1 + 15 t = 2^(k / 4) for the k-th quarter of a cycle
    quarters = [100 * (2 ** (k / 4) - 1) / 15 for k in (0, 1, 2, 4, 6, 12, 14)]
    exact = SCHEDULES["coslog4"](horizon)
    np.testing.assert_allclose(
        [exact(step) for step in quarters], [0, 0.5, 1, 0, 1, 0, 1], atol=1e-12
    )
    assert 0 < at("coslog4", 99)[0] == at("coslog4", 500)[0] < 0.01
    np.testing.assert_allclose(
        at("step", 49, 50, 99, decay_rate=0.1, decay_epochs=10), [1, 0.1, 0.1]
    )
    np.testing.assert_allclose(
        at("exponential", 0, 25, 50, decay_rate=0.25, decay_epochs=10), [1, 0.5, 0.25]
    )


def test_callable_schedule_is_the_rate_itself():
    X, y = make_regression(40, 3, random_state=0)
    model = MLPRegressorScratch(
        learning_rate=lambda step: 0.01 / (1 + step),
        batch_size=10,
        max_iter=3,
        random_state=0,
    ).fit(X, y)
    # the rate recorded is that of an epoch's last step
    np.testing.assert_allclose(
        model.history_["learning_rate"], [0.01 / 4, 0.01 / 8, 0.01 / 12]
    )


# Losses


@pytest.mark.parametrize("quantile", [0.2, 0.5, 0.9])
def test_quantile_loss_estimates_the_quantile(quantile):
    y = np.random.default_rng(0).normal(size=2000)
    X = np.zeros((2000, 1))
    model = MLPRegressorScratch(
        loss="quantile",
        quantile=quantile,
        hidden_layer_sizes=(),
        learning_rate="cosine",
        learning_rate_init=0.05,
        max_iter=60,
        n_iter_no_change=np.inf,
        random_state=0,
    ).fit(X, y)
    np.testing.assert_allclose(
        model.predict(X[:1]), np.quantile(y, quantile), atol=0.05
    )


def test_robust_losses_resist_an_outlier():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 1))
    y = 2 * X[:, 0] + 0.1 * rng.normal(size=200)
    y[:10] += 1000 * X[:10, 0]
    errors = {}
    for loss in ("squared_error", "huber", "absolute_error"):
        model = MLPRegressorScratch(
            loss=loss,
            hidden_layer_sizes=(),
            learning_rate="cosine",
            learning_rate_init=0.1,
            max_iter=400,
            n_iter_no_change=np.inf,
            random_state=0,
        ).fit(X, y)
        errors[loss] = abs(model.coefs_[0][0, 0] - 2)
    assert errors["huber"] < 0.3
    assert errors["absolute_error"] < 0.3
    assert errors["squared_error"] > 5


# Extension


class LogCosh(Penalty):
    """Ω(w) = α Σ log cosh w: quadratic near 0, linear far away."""

    def smooth(self, w):
        return self.alpha * np.log(np.cosh(w)).reshape(len(w), -1).sum(axis=-1)

    def add_gradient(self, w, grad):
        grad += self.alpha * np.tanh(w)


def test_a_new_penalty_needs_one_class_and_one_line(monkeypatch):
    X, y = make_regression(60, 4, random_state=0)
    model = MLPRegressorScratch(penalty="log_cosh", alpha=0.5, random_state=0)
    with pytest.raises(ValueError, match="log_cosh"):
        model.fit(X, y)  # not known yet
    monkeypatch.setitem(PENALTIES, "log_cosh", LogCosh)
    model.fit(X, y)
    weaker = MLPRegressorScratch(penalty="log_cosh", alpha=0.0, random_state=0)
    assert np.linalg.norm(model.coefs_[0]) < np.linalg.norm(weaker.fit(X, y).coefs_[0])
    described = {name: text for name, _, text in describe(PENALTIES)}
    assert "log cosh" in described["log_cosh"]
    with pytest.raises(ValueError, match="log_cosh"):
        MLPRegressorScratch(penalty="unknown").fit(X, y)  # it is among the choices


class Berhu(Penalty):
    """Ω(w) = α Σ (|w| if |w| ≤ 1 else (w² + 1) / 2); it does not say it is L1 at 0."""

    has_kink = True

    def kink(self, w):
        size = np.abs(w)
        rows = np.where(size <= 1, size, (size**2 + 1) / 2).reshape(len(w), -1)
        return self.alpha * rows.sum(axis=-1)

    def prox(self, w, step):
        t = step * self.alpha
        w -= np.where(abs(w) <= 1 + t, np.clip(w, -t, t), w * t / (1 + t))


def test_a_kink_that_a_solver_cannot_take_is_refused(monkeypatch):
    """Not left out in silence: each solver says what it needs of a penalty."""
    X, y = make_regression(60, 4, random_state=0)
    monkeypatch.setitem(PENALTIES, "berhu", Berhu)
    settings = {"penalty": "berhu", "alpha": 1e6, "random_state": 0}
    model = MLPRegressorScratch(solver="lbfgs", **settings)
    with pytest.raises(
        ValueError, match=r"solver='lbfgs'.*penalty='berhu'.*penalty='l1'"
    ):
        model.fit(X, y)
    adam = MLPRegressorScratch(max_iter=3, n_iter_no_change=3, **settings)
    with pytest.warns(match="Maximum iterations"):
        adam.fit(X, y)
    assert max(abs(W).max() for W in adam.coefs_) < 1e-3
    monkeypatch.delattr(Berhu, "prox")
    with pytest.raises(ValueError, match=r"penalty='berhu'.*needs prox"):
        adam.fit(X, y)


class Plain(Optimizer):
    """w -= rate · g; the size of a step is the rate, as of any that says nothing."""

    slots = ()

    def update(self, g, step, rate):
        np.multiply(g, rate, out=step)


def test_a_new_optimizer_needs_one_class_and_one_line(monkeypatch):
    """With a kink too: soft-thresholding is by its step."""
    X, y = make_regression(60, 4, random_state=0)
    monkeypatch.setitem(OPTIMIZERS, "plain", Plain)
    settings = {
        "hidden_layer_sizes": (),
        "penalty": "l1",
        "alpha": 20.0,
        "learning_rate_init": 0.05,
        "batch_size": 60,
        "random_state": 0,
    }
    plain, sgd = (
        MLPRegressorScratch(**settings | solver).fit(X, y)
        for solver in ({"solver": "plain"}, {"solver": "sgd", "momentum": 0.0})
    )
    assert_allclose(plain.coefs_[0], sgd.coefs_[0], rtol=1e-12)
    assert 0 < np.count_nonzero(plain.coefs_[0]) < 4


def test_group_l1_without_its_kink_is_for_every_solver():
    """Then the first layer is free, and there is nothing that lbfgs cannot take."""
    X, y = make_regression(60, 4, random_state=0)
    settings = {"hidden_layer_sizes": (), "solver": "lbfgs", "random_state": 0}
    group = MLPRegressorScratch(penalty="group_l1", l1_ratio=0.0, alpha=9.0, **settings)
    free = MLPRegressorScratch(penalty=None, **settings)
    ours, theirs = (model.fit(X, y).coefs_[0] for model in (group, free))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
