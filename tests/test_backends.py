"""The compiled form of training gives what NumPy's gives."""

import functools
import gc
import subprocess
import sys

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.datasets import load_diabetes, make_multilabel_classification
from sklearn.preprocessing import scale

import sknnreg
from sknnreg import (
    MLPClassifierScratch,
    MLPClassifierScratchCV,
    MLPRegressorScratch,
    config_context,
    get_config,
    set_config,
)
from sknnreg._run import fit_stack
from sknnreg.engine.activations import ACTIVATIONS, Tanh
from sknnreg.engine.layers import NORMALIZATIONS
from sknnreg.engine.losses import REGRESSION_LOSSES
from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.penalties import PENALTIES
from sknnreg.model_selection import FusedGridSearchCV
from tests.factories import digits, however_it_ends
from tests.forms import everything

pytest.importorskip("numba")
pytestmark = however_it_ends

#: 8 batches an epoch, the last one short: 56 steps
SETTINGS = {
    "hidden_layer_sizes": (12, 7),
    "batch_size": 40,
    "max_iter": 7,
    "n_iter_no_change": 100,
    "random_state": 0,
}


@pytest.fixture
def everything_compiled(monkeypatch):
    """One compiled function does for all cases."""
    from sknnreg.engine.compiled.epoch import CompiledEpoch

    monkeypatch.setattr(CompiledEpoch, "_needed", lambda self, task: everything())


def data(task, dtype):
    if task == "classes":
        X, y = digits(300)
    elif task == "labels":
        X, y = make_multilabel_classification(300, 10, random_state=0)
    else:
        X, y = load_diabetes(return_X_y=True)
        X, y = X[:300], scale(y[:300])
        y = {"counts": np.floor(np.exp(y)), "two targets": np.c_[y, -y]}.get(task, y)
    return scale(X).astype(dtype), y.astype(dtype) if y.dtype.kind == "f" else y


CLASSIFIERS = {
    **{name: {"activation": name} for name in ACTIVATIONS},
    **{
        f"{solver} {penalty}": {
            "solver": solver,
            "penalty": penalty,
            "alpha": 0.01,
            "alpha_bias": 0.001,
            "learning_rate_init": 0.003,
        }
        for solver in OPTIMIZERS
        for penalty in PENALTIES
    },
    **{
        f"{kind} {activation} {residual}": {
            "normalization": kind,
            "activation": activation,
            "residual": residual,
            # of biases before a batch normalization the gradient is 0 but for rounding,
            # which adaptive steps would make large
            "solver": "sgd",
        }
        for kind in NORMALIZATIONS
        for activation in ("relu", "silu")
        for residual in (False, True)
    },
    "dropout": {"dropout": [0.5, 0.2], "input_dropout": 0.1},
    "noise": {"input_noise": 0.2, "input_dropout": 0.1, "dropout": 0.3},
    "limits": {"clip_norm": 0.1, "max_norm": 1.0},
    "shortcuts": {"residual": True, "hidden_layer_sizes": (12, 12)},
    "plain momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "cosine": {"learning_rate": "cosine", "warmup_fraction": 0.2},
    "input scale": {"input_scale": 6.0, "input_dropout": 0.1, "dropout": 0.1},
    "averages": {"averaging": 0.7, "early_stopping": True},
    "in order": {"shuffle": False},
    "one batch": {"batch_size": 300},
    "smoothing": {"label_smoothing": 0.1},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.2},
    "linear": {"hidden_layer_sizes": ()},
}
CASES = {name: ("classes", params) for name, params in CLASSIFIERS.items()}
CASES |= {loss: ("two targets", {"loss": loss}) for loss in REGRESSION_LOSSES}
CASES |= {
    "labels": ("labels", {}),
    "poisson": ("counts", {"loss": "poisson"}),
    "one target": ("one target", {}),
    "quantiles": (
        "two targets",
        {"loss": "quantile", "quantile": [0.1, 0.4, 0.5, 0.9]},
    ),
}


def fitted(name, backend, dtype=np.float64, weighted=False):
    task, params = CASES[name]
    kind = {"classes": MLPClassifierScratch, "labels": MLPClassifierScratch}
    model = kind.get(task, MLPRegressorScratch)(**SETTINGS | params)
    X, y = data(task, dtype)
    weight = np.random.default_rng(0).integers(0, 3, len(X)) if weighted else None
    with config_context(backend=backend):
        model.fit(X, y, sample_weight=weight)
    assert model.backend_ == backend
    return model


def check_same(name, tolerance, **how):
    """All arrays and curves, relative to the largest number of each."""
    ours, theirs = (fitted(name, backend, **how) for backend in ("fast", "numpy"))
    pairs = [(ours._progress.optimizer.t, theirs._progress.optimizer.t)]
    for attribute in ("coefs_", "intercepts_"):
        pairs += zip(getattr(ours, attribute), getattr(theirs, attribute), strict=True)
    assert ours.history_.keys() == theirs.history_.keys()
    pairs += [(ours.history_[key], theirs.history_[key]) for key in ours.history_]
    for a, b in pairs:
        size = np.abs(b).max() if np.size(b) else 0
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * max(size, 1e-3))


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weights"])
@pytest.mark.parametrize("name", CASES)
def test_both_forms_agree(name, weighted, everything_compiled):
    check_same(name, 1e-9, weighted=weighted)


def test_both_forms_agree_in_single_precision(everything_compiled):
    """One test: what it needs is compiled by one process only."""
    for name in CASES:
        check_same(name, 1e-3, dtype=np.float32)


def test_only_what_is_needed_is_compiled():
    check_same("relu", 1e-9)


def test_a_search_over_usual_pieces_compiles_once(monkeypatch):
    from sknnreg.engine.compiled import epoch

    keys = []
    monkeypatch.setattr(epoch, "code_for", lambda key, *arguments: keys.append(key))
    # not trained: there is no code
    monkeypatch.setattr("sknnreg._run.Run.advance", lambda *a, **b: 1 / 0)
    X, y = digits(300)
    usual = [
        {"dropout": 0.1},
        {"activation": "silu", "solver": "adamw"},
        {"penalty": "l1", "hidden_layer_sizes": (5, 5, 5)},
        {"penalty": "group_l1", "input_scale": 2.0},
    ]
    for params in [*usual, {"activation": "tanh"}]:
        with config_context(backend="fast"), pytest.raises(ZeroDivisionError):
            MLPClassifierScratch(**SETTINGS | params).fit(X, y)
    assert len(keys) == 5 and len(set(keys)) == 2 and keys[-1] != keys[0]


def models(n=6):
    return [
        MLPClassifierScratch(**SETTINGS | {"random_state": k % 4, "dropout": 0.1 * k})
        for k in range(n)
    ]


def test_threads_change_no_bit(monkeypatch, everything_compiled):
    X, y = digits(300)
    stacks = []
    for threads in (1, 2, 5):
        monkeypatch.setattr("sknnreg._run.n_threads", lambda threads=threads: threads)
        stacks.append(models())
        with config_context(backend="fast"):
            fit_stack(stacks[-1], X, y)
    with config_context(backend="fast"):
        stacks.append([model.fit(X, y) for model in models()])
    for several in zip(*stacks, strict=True):
        for other in several[1:]:
            assert other.loss_curve_ == several[0].loss_curve_
            for a, b in zip(other.coefs_, several[0].coefs_, strict=True):
                np.testing.assert_array_equal(a, b)


def test_equal_seeds_share_their_random_numbers(everything_compiled):
    """And the streams have gone on once only, as another epoch shows."""
    X, y = digits(300)
    forms = []
    for backend in ("numpy", "fast"):
        settings = SETTINGS | {"dropout": 0.4, "input_noise": 0.1, "warm_start": True}
        twins = [
            MLPClassifierScratch(alpha=alpha, **settings) for alpha in (0.1, 0.001)
        ]
        with config_context(backend=backend):
            fit_stack(twins, X, y)
            forms.append([model.fit(X, y) for model in twins])
    for ours, theirs in zip(*forms, strict=True):
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


class Swish(Tanh):
    """A user's own, which has no compiled form."""


def test_what_has_no_compiled_form_is_trained_in_numpy(monkeypatch):
    from scipy.sparse import csr_array

    X, y = digits(300)
    monkeypatch.setitem(ACTIVATIONS, "swish", Swish)
    with config_context(backend="fast"):
        for params, rows in (
            ({"activation": "swish"}, X),
            ({"solver": "lbfgs"}, X),
            ({}, csr_array(X)),
        ):
            model = MLPClassifierScratch(**SETTINGS | params).fit(rows, y)
            assert model.backend_ == "numpy"


def test_auto_takes_what_is_worth_it(everything_compiled):
    """A long training; what is compiled already does not matter."""
    X, y = digits(300)
    for params, expected in (
        ({"max_iter": 2}, "numpy"),
        ({"max_iter": 10**6, "tol": 1e9, "n_iter_no_change": 2}, "fast"),
    ):
        model = MLPClassifierScratch(**SETTINGS | params)
        with config_context(backend="auto"):
            assert model.fit(X, y).backend_ == expected


def test_a_compiler_that_fails_is_told_of(monkeypatch):
    from numba.core.errors import LoweringError

    from sknnreg.engine.compiled import epoch

    X, y = digits(300)
    for error in (LoweringError("unknown"), RuntimeError("no locator available")):

        def compiled_steps(key, sources, error=error):
            raise error

        monkeypatch.setattr(epoch, "CODE", {})
        monkeypatch.setattr(epoch, "compiled_steps", compiled_steps)
        with (
            config_context(backend="fast"),
            pytest.warns(UserWarning, match="numba could not compile"),
        ):
            model = MLPClassifierScratch(**SETTINGS).fit(X, y)
        assert model.backend_ == "numpy"
        assert model.n_iter_ == SETTINGS["max_iter"]


def tells_the_form(estimator, X, y):
    return float(estimator.backend_ == "fast")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_workers_of_a_search_do_as_they_are_told(n_jobs):
    X, y = digits(300)
    grid = {"alpha": [0.01, 0.1]}
    for backend in ("numpy", "fast"):
        search = FusedGridSearchCV(
            MLPClassifierScratch(**SETTINGS),
            grid,
            scoring=tells_the_form,
            cv=2,
            n_jobs=n_jobs,
        )
        with config_context(backend=backend):
            search.fit(X, y)
        assert (search.cv_results_["mean_test_score"] == (backend == "fast")).all()


def n_frozen():
    from sknnreg._backend import leave_out_of_collections

    leave_out_of_collections()
    return gc.get_freeze_count()


def test_workers_do_not_collect_what_is_loaded():
    before = gc.get_freeze_count()
    assert n_frozen() == before  # the user's own process is left alone
    assert min(Parallel(n_jobs=2)(delayed(n_frozen)() for _ in range(2))) > 10_000


@pytest.mark.parametrize(("least", "expected"), [(0, "fast"), (1e9, "numpy")])
def test_an_ensemble_is_trained_in_one_form(
    least, expected, monkeypatch, everything_compiled
):
    monkeypatch.setattr("sknnreg._cv._pilot.LONG", least)
    X, y = digits(300)
    model = MLPClassifierScratchCV(
        max_time=None, n_candidates=8, max_iter=2, cv=2, random_state=0
    )
    with config_context(backend="auto"):
        model.fit(X, y)
    networks = [network for part in model.ensemble_.parts for network in part.networks]
    assert {network.backend_ for network in networks} == {expected}


def test_config():
    before = get_config()
    try:
        set_config(backend="numpy")
        assert get_config() == {"backend": "numpy"}
        with config_context(backend="auto"):
            set_config()
            assert get_config() == {"backend": "auto"}
            set_config(backend="fast")
        assert get_config() == {"backend": "numpy"}
        with pytest.raises(ValueError, match=r"backend must be one of .*'fast'"):
            set_config(backend="numba")
    finally:
        set_config(**before)


def test_fast_without_numba_says_what_is_needed(monkeypatch):
    monkeypatch.setattr(sknnreg._config, "find_spec", lambda name: None)
    monkeypatch.setattr(sknnreg._backend, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'sknnreg\[fast\]'"):
        set_config(backend="fast")
    X, y = digits(300)
    model = MLPClassifierScratch(**SETTINGS | {"max_iter": 3}).fit(X, y)
    assert model.backend_ == "numpy"


def test_numba_is_not_imported_before_it_is_wanted():
    code = """
import sys, warnings
import sknnreg, sknnreg.model_selection
warnings.simplefilter("ignore")
sknnreg.MLPRegressorScratch(max_iter=2).fit([[0.0], [1.0]], [0.0, 1.0])
assert not {"numba", "sknnreg.engine.compiled"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_clones_and_refits_forget_the_form():
    X, y = digits(300)
    with config_context(backend="fast"):
        model = MLPClassifierScratch(**SETTINGS).fit(X, y)
    assert not hasattr(clone(model), "backend_")
    with config_context(backend="numpy"):
        assert model.fit(X, y).backend_ == "numpy"


@functools.cache
def products():
    """The three products of a layer, to be called from Python."""
    import numba

    from sknnreg.engine.compiled import products

    @numba.njit
    def call(x, w, dy, out, dw, dx):
        products.product(x, w, out)
        products.product_with_transposed(x, dy, dw)
        products.product_by_transposed(dy, w, dx)
        return products.is_small(x, w)

    return call


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [1, 4, 7])
@pytest.mark.parametrize("n_in", [1, 5, 33])
# less than a vector, one, two and three of float64, panels of unequal widths, a rest
@pytest.mark.parametrize("n_out", [1, 3, 4, 8, 11, 12, 16, 37, 100])
def test_products_by_tiles_and_others(rows, n_in, n_out, dtype):
    rng = np.random.default_rng(0)
    x, w, dy = (
        rng.standard_normal(shape).astype(dtype)
        for shape in [(rows, n_in), (n_in, n_out), (rows, n_out)]
    )
    results = [np.full_like(like, np.nan) for like in (dy, w, x)]
    small = products()(x, w, dy, *results)
    assert small == (rows >= 4 and n_out * dy.itemsize >= 32)
    tolerance = 1e-5 if dtype == np.float32 else 1e-13
    for found, wanted in zip(results, [x @ w, x.T @ dy, dy @ w.T], strict=True):
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=10 * tolerance)


def test_large_products_are_left_to_blas():
    sizes = [(256, 256, 256), (256, 256, 16)]
    for (n, n_in, n_out), wanted in zip(sizes, [False, True], strict=True):
        x, w, dy = np.ones((n, n_in)), np.ones((n_in, n_out)), np.ones((n, n_out))
        results = np.empty_like(dy), np.empty_like(w), np.empty_like(x)
        assert products()(x, w, dy, *results) == wanted
        np.testing.assert_array_equal(results[0], n_in)
        np.testing.assert_array_equal(results[1], n)


def test_not_a_number_stays_in_its_row_and_column():
    """Rows and columns that a tile is moved back over are not mixed with others."""
    x, w, dy = np.ones((6, 5)), np.ones((5, 9)), np.ones((6, 9))
    x[5, 0] = w[0, 8] = np.nan
    out, dw, dx = np.empty_like(dy), np.empty_like(w), np.empty_like(x)
    products()(x, w, dy, out, dw, dx)
    assert np.array_equal(np.isnan(out), np.isnan(x @ w))
    assert np.array_equal(np.isnan(dw), np.isnan(x.T @ dy))
