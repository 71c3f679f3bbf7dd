"""Without hidden layers the network is a linear model: the same solutions.

With hidden layers the solution still meets the optimality conditions of an L1 penalty,
and the objective is the same whatever the number of rows and the batch size.
"""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
)

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.initializers import INITIALIZERS
from sknnreg.engine.layers import Activate, Dense
from sknnreg.engine.losses import SquaredError
from tests.engine.factories import Machine
from tests.factories import SOLVERS, however_it_ends

#: Solved to the last digits: 1e-4 is the difference allowed between the coefficients.
EXACT = {"solver": "lbfgs", "tol": 1e-10, "max_iter": 20000, "max_fun": 50000}
# an exact solution may end with a line search that finds nothing lower
pytestmark = pytest.mark.filterwarnings(
    "ignore:lbfgs failed to converge.*status=2:sklearn.exceptions.ConvergenceWarning"
)


@pytest.fixture
def counts():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 6))
    return X, rng.poisson(np.exp(X @ [0.5, -0.4, 0.3, 0.0, 0.0, 0.0] + 0.2))


@pytest.fixture
def weights(diabetes):
    # zeros, ones and everything between
    n = len(diabetes[1])
    return np.r_[np.zeros(20), np.ones(20), np.linspace(0.1, 3, n - 40)]


def linear_regressor(X, y, sample_weight=None, **params):
    model = MLPRegressorScratch(hidden_layer_sizes=(), random_state=0, **EXACT)
    return model.set_params(**params).fit(X, y, sample_weight)


def linear_classifier(X, y, sample_weight=None, **params):
    model = MLPClassifierScratch(hidden_layer_sizes=(), random_state=0, **EXACT)
    return model.set_params(**params).fit(X, y, sample_weight)


def assert_same_solution(ours, coef, intercept):
    """Coefficients to 1e-4, and zeros where scikit-learn has zeros."""
    (W,), (b,) = ours.coefs_, ours.intercepts_
    coef = np.atleast_2d(coef).T
    assert W.shape == coef.shape
    assert_allclose(W, coef, atol=1e-4)
    assert_allclose(b, np.atleast_1d(intercept), atol=1e-4)
    assert_array_equal(W == 0, coef == 0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [1e-3, 1.0])
def test_ridge(diabetes, weights, alpha, weighted):
    X, y = diabetes
    w = weights if weighted else None
    n = weights.sum() if weighted else len(y)
    # Ridge: ‖y - Xw‖² + alpha ‖w‖², a sum where J is half a mean
    theirs = Ridge(alpha=alpha * n, solver="cholesky").fit(X, y, w)
    ours = linear_regressor(X, y, w, penalty="l2", alpha=alpha)
    assert_same_solution(ours, theirs.coef_, theirs.intercept_)


@pytest.mark.parametrize("weighted", [False, True])
def test_lasso(diabetes, weights, weighted):
    X, y = diabetes
    w = weights if weighted else None
    theirs = Lasso(alpha=0.05, tol=1e-12, max_iter=10**5).fit(X, y, w)
    ours = linear_regressor(X, y, w, penalty="l1", alpha=0.05)
    assert 3 <= (theirs.coef_ == 0).sum() < X.shape[1]
    assert_same_solution(ours, theirs.coef_, theirs.intercept_)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.2, 0.8])
def test_elastic_net(diabetes, weights, l1_ratio, weighted):
    X, y = diabetes
    w = weights if weighted else None
    theirs = ElasticNet(alpha=0.1, l1_ratio=l1_ratio, tol=1e-12, max_iter=10**5)
    theirs.fit(X, y, w)
    ours = linear_regressor(X, y, w, penalty="elasticnet", alpha=0.1, l1_ratio=l1_ratio)
    assert (theirs.coef_ == 0).any()
    assert_same_solution(ours, theirs.coef_, theirs.intercept_)


def test_several_outputs_are_as_many_lassos(diabetes):
    X, y = diabetes
    Y = np.column_stack([y, -(y**2), np.abs(y)])
    theirs = Lasso(alpha=0.05, tol=1e-12, max_iter=10**5).fit(X, Y)
    ours = linear_regressor(X, Y, penalty="l1", alpha=0.05)
    assert_same_solution(ours, theirs.coef_, theirs.intercept_)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [1e-3, 0.3])
def test_poisson(counts, alpha, weighted):
    X, y = counts
    w = np.linspace(0, 2, len(y)) if weighted else None
    theirs = PoissonRegressor(alpha=alpha, tol=1e-10, max_iter=10000).fit(X, y, w)
    ours = linear_regressor(X, y, w, loss="poisson", penalty="l2", alpha=alpha)
    assert_same_solution(ours, theirs.coef_, theirs.intercept_)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-3)


def logistic_regression(penalty, C, l1_ratio=0.5):
    """scikit-learn's, by whichever of its two interfaces there is."""
    solver = {"penalty": penalty, "solver": "saga", "l1_ratio": l1_ratio}
    if penalty == "l2":
        solver = {"penalty": "l2", "solver": "lbfgs"}
    default = inspect.signature(LogisticRegression).parameters["penalty"].default
    if default == "deprecated":  # since 1.8 l1_ratio says it all
        del solver["penalty"]
        solver["l1_ratio"] = {"l1": 1.0, "l2": 0.0}.get(penalty, l1_ratio)
    elif penalty != "elasticnet":
        solver.pop("l1_ratio", None)
    return LogisticRegression(C=C, tol=1e-10, max_iter=10**5, random_state=0, **solver)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty", ["l2", "l1", "elasticnet"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_logistic_regression(iris, n_classes, penalty, weighted):
    X, y = iris
    # of the two hard classes, or all three
    X, y = (X, y) if n_classes == 3 else (X[y > 0], y[y > 0])
    w = np.linspace(0, 2, len(y)) if weighted else None
    n = w.sum() if weighted else len(y)
    alpha = 0.05
    theirs = logistic_regression(penalty, C=1 / (n * alpha)).fit(X, y, w)
    ours = linear_classifier(X, y, w, penalty=penalty, alpha=alpha)
    if penalty != "l2":
        assert (theirs.coef_ == 0).any()
    intercept = theirs.intercept_
    if n_classes > 2:
        # softmax leaves a shift common to all biases free; compare what matters
        ours.intercepts_[0] -= ours.intercepts_[0].mean()
        intercept = intercept - intercept.mean()
    assert_same_solution(ours, theirs.coef_, intercept)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)


def test_alpha_bias_is_a_ridge_with_a_column_of_ones(diabetes):
    X, y = diabetes
    y = y + 3
    ones = np.column_stack([X, np.ones(len(y))])
    theirs = Ridge(alpha=0.1 * len(y), fit_intercept=False).fit(ones, y)
    ours = linear_regressor(X, y, alpha=0.1, alpha_bias=0.1)
    assert_same_solution(ours, theirs.coef_[:-1], theirs.coef_[-1])


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer::")
@pytest.mark.parametrize("p", [0.2, 0.5])
def test_input_dropout_is_a_ridge(diabetes, p):
    # In expectation: mean (y - Xw)² + p / (1 - p) ‖w‖² for columns of variance one
    # (Wager, Wang & Liang 2013, "Dropout training as adaptive regularization").
    X, y = diabetes
    model = MLPRegressorScratch(
        hidden_layer_sizes=(),
        solver="sgd",
        penalty=None,
        input_dropout=p,
        batch_size=len(y),
        learning_rate_init=1e-3,
        max_iter=3000,
        n_iter_no_change=3000,
        random_state=0,
    ).fit(X, y)
    theirs = Ridge(alpha=len(y) * p / (1 - p)).fit(X, y)
    assert_allclose(model.coefs_[0][:, 0], theirs.coef_, atol=0.01)
    assert_allclose(model.predict(X), theirs.predict(X), atol=0.05)


def test_no_penalty_is_least_squares(diabetes):
    X, y = diabetes
    theirs = Ridge(alpha=0).fit(X, y)
    # `alpha` must not matter
    ours = linear_regressor(X, y, penalty=None, alpha=10.0)
    assert_same_solution(ours, theirs.coef_, theirs.intercept_)


# Hidden layers


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer::")
def test_zeros_are_exact(digits, solver, penalty):
    X, y = digits
    model = MLPClassifierScratch(
        (16,),
        solver=solver,
        learning_rate_init={"sgd": 0.1, "sgdw": 0.1, "rmsprop": 0.001}.get(
            solver, 0.01
        ),
        batch_size=25,
        penalty=penalty,
        alpha=0.01,
        l1_ratio=0.8,
        tol=1e-3,
        max_iter=2000 if solver == "lbfgs" else 60,
        random_state=0,
    )
    model.fit(X, y)
    assert model.score(X, y) > 0.5
    first, second = model.coefs_
    for W in (first, second):
        assert 0.05 < (W == 0.0).mean() < 1
        # what is not exactly zero is not a rounded zero either
        assert np.abs(W[W != 0]).min() > 1e-12
    # nothing is learnt from pixels that are always 0
    blank = (X == 0).all(axis=0)
    assert blank.sum() > 3
    assert (first[blank] == 0.0).all()
    # biases are not penalized
    assert all((b != 0).any() for b in model.intercepts_)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer::")
def test_l2_leaves_no_zeros(digits):
    # so that the test above says something
    X, y = digits
    model = MLPClassifierScratch((16,), alpha=0.01, max_iter=30, random_state=0)
    assert not any((W == 0.0).any() for W in model.fit(X, y).coefs_)


def data_gradient(model, X, y, sample_weight=None):
    """Mean loss L and dL/dW of each layer at the fitted parameters, by the engine."""
    hidden, zeros = model.coefs_[0].shape[1], INITIALIZERS["zeros"]
    layers = [
        Dense(hidden, zeros, zeros),
        Activate(ACTIVATIONS[model.activation]()),
        Dense(1, zeros, zeros),
    ]
    rngs = [np.random.default_rng(0)]
    machine = Machine.of(layers, SquaredError(), X.shape[1], rngs, X.dtype)
    values = machine.values
    for i, W, b in zip((0, 2), model.coefs_, model.intercepts_, strict=True):
        values[i]["weight"][0], values[i]["bias"][0] = W, b
    weight = None if sample_weight is None else sample_weight[None]
    loss = machine.value_and_gradient(X[None], y[None, :, None], weight)
    return float(loss[0]), [machine.gradients[i]["weight"][0] for i in (0, 2)]


def omega(model, l1, l2):
    """The penalty on the weights."""
    return sum(l1 * np.abs(W).sum() + l2 / 2 * (W**2).sum() for W in model.coefs_)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty", ["l1", "elasticnet"])
def test_optimality_of_l1_with_a_hidden_layer(diabetes, weights, penalty, weighted):
    X, y = diabetes
    w = weights if weighted else None
    alpha, l1_ratio, tol = 0.02, 0.7, 1e-6
    model = MLPRegressorScratch(
        hidden_layer_sizes=(8,),
        activation="tanh",
        solver="lbfgs",
        penalty=penalty,
        alpha=alpha,
        l1_ratio=l1_ratio,
        tol=tol,
        max_iter=20000,
        max_fun=100000,
        random_state=0,
    ).fit(X, y, w)
    loss, gradients = data_gradient(model, X, y, w)
    l1, l2 = (
        (alpha, 0) if penalty == "l1" else (alpha * l1_ratio, alpha * (1 - l1_ratio))
    )
    assert model.loss_ == pytest.approx(loss + omega(model, l1, l2), rel=1e-12)
    for W, gradient in zip(model.coefs_, gradients, strict=True):
        gradient = gradient + l2 * W
        zero = W == 0
        assert zero.any()
        assert not zero.all()
        assert (np.abs(gradient[zero]) <= l1 * (1 + 1e-3)).all()
        # in the split variables each of the two derivatives is at most tol
        assert_allclose(gradient[~zero], -l1 * np.sign(W[~zero]), atol=20 * tol)


# The same J for any number of rows and any batch size


def full_batch(solver, penalty, n, **params):
    return MLPRegressorScratch(
        hidden_layer_sizes=(10,),
        solver=solver,
        penalty=penalty,
        alpha=0.02,
        batch_size=n,
        shuffle=False,
        learning_rate_init=0.01,
        max_iter=60,
        n_iter_no_change=1000,
        random_state=0,
        **params,
    )


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
@pytest.mark.parametrize("solver", ["sgd", "sgdw", "adam", "adamw", "lbfgs"])
@however_it_ends
def test_rows_given_twice_change_nothing(diabetes, solver, penalty):
    X, y = diabetes[0][:100], diabetes[1][:100]
    once = full_batch(solver, penalty, 100).fit(X, y)
    twice = full_batch(solver, penalty, 200).fit(np.r_[X, X], np.r_[y, y])
    for a, b in zip(once.coefs_, twice.coefs_, strict=True):
        # each quasi-Newton iteration magnifies the rounding of the last one
        assert_allclose(a, b, rtol=1e-7, atol=1e-6 if solver == "lbfgs" else 1e-12)
    assert_allclose(once.loss_curve_, twice.loss_curve_, rtol=1e-7)
    # and the penalty had something to say
    free = full_batch(solver, None, 100).fit(X, y)
    assert np.abs(free.coefs_[0] - once.coefs_[0]).max() > 1e-3


@pytest.mark.parametrize("batch_size", [34, 221, 442])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer::")
def test_alpha_does_not_depend_on_the_batch_size(diabetes, batch_size):
    # J has one minimum here: stochastic steps in batches of any size go to it
    X, y = diabetes
    n_steps = 3900
    model = MLPRegressorScratch(
        hidden_layer_sizes=(),
        solver="sgd",
        alpha=0.5,
        batch_size=batch_size,
        learning_rate_init=5e-4,
        max_iter=n_steps * batch_size // len(y),
        n_iter_no_change=n_steps,
        random_state=0,
    ).fit(X, y)
    (W,) = model.coefs_
    theirs = Ridge(alpha=0.5 * len(y)).fit(X, y).coef_
    assert_allclose(W[:, 0], theirs, atol=0.005)
    # which is far from what any other alpha gives
    halved = Ridge(alpha=0.25 * len(y)).fit(X, y).coef_
    assert np.abs(W[:, 0] - halved).max() > 0.03


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@however_it_ends
def test_reported_loss_is_the_objective(diabetes, solver):
    X, y = diabetes
    model = full_batch(solver, "elasticnet", len(y))
    model.set_params(max_iter=5).fit(X, y)
    J = data_gradient(model, X, y)[0] + omega(model, 0.01, 0.01)
    if solver != "lbfgs":
        # the loss of a step is that of the parameters it started from
        model.set_params(max_iter=6).fit(X, y)
    assert model.loss_curve_[-1] == pytest.approx(J, rel=1e-12)


def test_alpha_one_a_layer(diabetes):
    X, y = diabetes
    model = full_batch("lbfgs", "l1", 1, activation="tanh").set_params(
        alpha=[0.02, 0.0], tol=1e-3, max_iter=2000
    )
    model.fit(X, y)
    assert (model.coefs_[0] == 0).any()
    assert (model.coefs_[1] != 0).all()
