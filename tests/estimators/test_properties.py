"""What must not matter: order of columns, units of weights, names of classes, ..."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from tests.factories import (
    SOLVERS,
    assert_same_bits,
    classifier,
    not_converged,
    regressor,
    unscaled,
)

pytestmark = [
    not_converged,
    unscaled,
    pytest.mark.filterwarnings("ignore:Got `batch_size`:UserWarning"),
    pytest.mark.filterwarnings("ignore:The penalty"),
    pytest.mark.filterwarnings("ignore:Columns"),
]
some = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

#: hyperparameters that go together with any solver
SETTINGS = st.fixed_dictionaries(
    {
        "solver": st.sampled_from(SOLVERS),
        "penalty": st.sampled_from([None, "l1", "l2", "elasticnet"]),
        "alpha": st.floats(0, 0.1),
        "activation": st.sampled_from(["relu", "tanh", "logistic", "silu"]),
        "normalization": st.sampled_from([None, "layer"]),
        "batch_size": st.integers(7, 40),
        "hidden_layer_sizes": st.sampled_from([(), (5,), (4, 3)]),
    }
)
SEEDS = st.integers(0, 2**16)
#: relative to the largest number; solvers with a line search amplify rounding
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def table(seed, n=40, n_columns=4):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_columns))
    return X, X[:, 0] - X[:, 1] * X[:, 2] + 0.1 * rng.normal(size=n), rng


def alike_for_all_inputs(rng, shape):
    """First weights that know no order of the inputs."""
    return np.tile(rng.normal(0, 0.3, shape[-1]), (shape[0], 1))


@some
@given(params=SETTINGS, seed=SEEDS)
def test_order_of_columns(params, seed):
    X, y, rng = table(seed)
    order = rng.permutation(X.shape[1])
    params |= {"init": alike_for_all_inputs, "max_iter": 3}
    plain = regressor(**params).fit(X, y)
    turned = regressor(**params).fit(X[:, order], y)
    assert_allclose(turned.predict(X[:, order]), plain.predict(X), **CLOSE)
    assert_allclose(turned.coefs_[0], plain.coefs_[0][order], **CLOSE)


@some
@given(params=SETTINGS, seed=SEEDS, factor=st.floats(1e-3, 1e3))
def test_unit_of_weights(params, seed, factor):
    X, y, rng = table(seed)
    weight = rng.uniform(0.2, 2, len(y))
    params |= {"max_iter": 3}
    plain = regressor(**params).fit(X, y, sample_weight=weight)
    other = regressor(**params).fit(X, y, sample_weight=factor * weight)
    assert_allclose(other.predict(X), plain.predict(X), **CLOSE)


@some
@given(params=SETTINGS, seed=SEEDS, labels=st.booleans())
def test_rows_twice_are_weights_of_two(params, seed, labels):
    X, y, rng = table(seed)
    times = rng.integers(0, 3, len(y))
    make = classifier if labels else regressor
    y = (y > 0).astype(int) if labels else y
    times[:2], y[:2] = 1, ([0, 1] if labels else y[:2])  # both classes are there
    # one batch: else other rows share one
    params |= {"batch_size": 200, "max_iter": 3}
    several = make(**params).fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    weighted = make(**params).fit(X, y, sample_weight=times)
    for one, other in zip(several.coefs_, weighted.coefs_, strict=True):
        assert_allclose(one, other, **CLOSE)


@some
@given(
    params=SETTINGS,
    seed=SEEDS,
    names=st.lists(st.text(min_size=1), min_size=3, max_size=3, unique=True),
    balanced=st.booleans(),
)
def test_names_of_classes(params, seed, names, balanced):
    X, y, _ = table(seed)
    codes = np.digitize(y, [-0.5, 0.5])
    codes[:3] = [0, 1, 2]
    names = np.array(sorted(names), dtype=object)
    params |= {"class_weight": "balanced" if balanced else None, "max_iter": 3}
    plain = classifier(**params).fit(X, codes)
    named = classifier(**params).fit(X, names[codes])
    assert_array_equal(named.classes_, names)
    assert_array_equal(named.predict(X), names[plain.predict(X)])
    assert_array_equal(named.predict_proba(X), plain.predict_proba(X))


@some
@given(
    params=SETTINGS, seed=SEEDS, dtype=st.sampled_from(["f4", "f8", "i2", "u1", "?"])
)
def test_kinds_of_numbers(params, seed, dtype):
    X, y, _ = table(seed)
    X = np.abs(3 * X).astype(dtype)
    as_floats = X.astype("f4" if dtype == "f4" else "f8")
    params |= {"max_iter": 2}
    assert_same_bits(
        regressor(**params).fit(X, y), regressor(**params).fit(as_floats, y)
    )


@some
@given(
    params=SETTINGS,
    seed=SEEDS,
    step=st.sampled_from([-2, -1, 1, 2]),
    by_column=st.booleans(),
)
def test_strides(params, seed, step, by_column):
    X, y, _ = table(seed)
    memory = np.zeros((2 * len(X), 2 * X.shape[1]), order="F" if by_column else "C")
    view = memory[::step, ::step][: len(X), : X.shape[1]]
    view[...] = X
    view.flags.writeable = False
    params |= {"max_iter": 2}
    assert_same_bits(regressor(**params).fit(view, y), regressor(**params).fit(X, y))


@pytest.mark.parametrize("library", ["pandas", "polars"])
@some
@given(params=SETTINGS, seed=SEEDS)
def test_frames(library, params, seed):
    frames = pytest.importorskip(library)
    X, y, _ = table(seed)
    names = ["d", "b", "c", "a"]
    frame = frames.DataFrame({name: X[:, i] for i, name in enumerate(names)})
    params |= {"max_iter": 2}
    model, plain = regressor(**params).fit(frame, y), regressor(**params).fit(X, y)
    assert_same_bits(model, plain)
    assert_array_equal(model.feature_names_in_, names)
    assert_array_equal(model.predict(frame), plain.predict(X))


@some
@given(params=SETTINGS, seed=SEEDS, writable=st.booleans())
def test_mapped_files(tmp_path_factory, params, seed, writable):
    X, y, _ = table(seed)
    path = tmp_path_factory.getbasetemp() / "X.bin"
    X.tofile(path)
    mapped = np.memmap(path, X.dtype, "r+" if writable else "r", shape=X.shape)
    params |= {"max_iter": 2}
    assert_same_bits(regressor(**params).fit(mapped, y), regressor(**params).fit(X, y))
    assert_array_equal(mapped, X)
