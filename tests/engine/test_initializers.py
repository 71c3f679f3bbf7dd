"""Each initializer by the distribution it promises."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.sparse import csr_array

from sknnreg import MLPRegressorScratch
from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.initializers import (
    INITIALIZERS,
    Constant,
    Kinks,
    Normal,
    Orthogonal,
    Uniform,
    VarianceScaling,
    bias_initializer,
    get_initializer,
)

N_IN, N_OUT = 200, 300
N = N_IN * N_OUT


def uniform(bound):
    return stats.uniform(-bound, 2 * bound)


def normal(std):
    return stats.norm(0, std)


#: what each name means, from the papers
DISTRIBUTIONS = {
    "glorot_uniform": uniform(math.sqrt(6 / (N_IN + N_OUT))),
    "glorot_normal": normal(math.sqrt(2 / (N_IN + N_OUT))),
    "he_uniform": uniform(math.sqrt(6 / N_IN)),
    "he_normal": normal(math.sqrt(2 / N_IN)),
    "lecun_uniform": uniform(math.sqrt(3 / N_IN)),
    "lecun_normal": normal(math.sqrt(1 / N_IN)),
    "fan_in_uniform": uniform(math.sqrt(1 / N_IN)),
    "uniform": uniform(0.1),
    "normal": normal(0.01),
    "standard_normal": normal(1),
}
DISTRIBUTIONS["xavier_uniform"] = DISTRIBUTIONS["glorot_uniform"]
DISTRIBUTIONS["xavier_normal"] = DISTRIBUTIONS["glorot_normal"]

NOT_RANDOM_OR_NOT_INDEPENDENT = {"zeros", "constant", "orthogonal"}


def check_distribution(sample, expected):
    sample = sample.ravel()
    n, std = len(sample), expected.std()
    assert abs(sample.mean()) < 4 * std / math.sqrt(n)
    # the variance of the sample variance: (kurtosis - 1) / n, in units of std**4
    kurtosis = float(expected.stats("k")) + 3
    assert_allclose(sample.var() / std**2, 1, atol=4 * math.sqrt((kurtosis - 1) / n))
    assert stats.kstest(sample, expected.cdf).pvalue > 1e-3
    low, high = expected.support()
    assert low <= sample.min()
    assert sample.max() <= high


def test_every_name_is_tested():
    assert set(INITIALIZERS) == set(DISTRIBUTIONS) | NOT_RANDOM_OR_NOT_INDEPENDENT


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_distribution_of_weights(name):
    sample = INITIALIZERS[name](np.random.default_rng(0), (N_IN, N_OUT))
    assert sample.shape == (N_IN, N_OUT)
    check_distribution(sample, DISTRIBUTIONS[name])


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_bias_has_the_distribution_of_the_weights_beside_it(name):
    init = bias_initializer(INITIALIZERS[name], (N_IN, N_OUT))
    rng = np.random.default_rng(0)
    # one long draw: the distribution does not depend on the bias's own length
    check_distribution(init(rng, (N,)), DISTRIBUTIONS[name])


@pytest.mark.parametrize(
    ("mode", "fan"), [("fan_in", 200), ("fan_out", 300), ("fan_avg", 250)]
)
def test_variance_scaling(mode, fan):
    shape = (N_IN, N_OUT)
    for distribution, expected in (
        ("normal", normal(math.sqrt(0.7 / fan))),
        ("uniform", uniform(math.sqrt(3 * 0.7 / fan))),
    ):
        init = VarianceScaling(0.7, mode, distribution)
        check_distribution(init(np.random.default_rng(1), shape), expected)


def test_numbers_of_the_simple_families():
    rng = np.random.default_rng(2)
    check_distribution(Uniform(0.3)(rng, (N,)), uniform(0.3))
    check_distribution(Normal(0.3)(rng, (N,)), normal(0.3))
    assert_array_equal(Constant(0.3)(rng, (2, 3)), np.full((2, 3), 0.3))


def test_zeros_and_constant():
    rng = np.random.default_rng(0)
    assert_array_equal(INITIALIZERS["zeros"](rng, (2, 3)), np.zeros((2, 3)))
    assert_array_equal(INITIALIZERS["constant"](rng, (2, 3)), np.full((2, 3), 0.1))


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (5, 5)])
def test_orthogonal(shape):
    """The shorter side is orthonormal, times the gain."""
    q = INITIALIZERS["orthogonal"](np.random.default_rng(0), shape)
    assert q.shape == shape
    product = q.T @ q if shape[0] >= shape[1] else q @ q.T
    assert_allclose(product, np.eye(min(shape)), atol=1e-14)
    assert_array_equal(Orthogonal(3.0)(np.random.default_rng(0), shape), 3.0 * q)


def test_orthogonal_is_haar_distributed():
    """Without the correction by R's diagonal, LAPACK's q[0, 0] is never positive."""
    rng = np.random.default_rng(0)
    draws = np.array([Orthogonal()(rng, (3, 3)) for _ in range(4000)])
    # a coordinate of a point uniform on the sphere in 3-space is uniform
    for i in range(3):
        assert stats.kstest(draws[:, i, i], uniform(1).cdf).pvalue > 1e-3
    sign = np.sign(np.linalg.det(draws))
    assert abs(sign.mean()) < 4 / math.sqrt(len(sign))


def test_orthogonal_refuses_vectors():
    with pytest.raises(ValueError, match="matrices only"):
        Orthogonal()(np.random.default_rng(0), (3,))


AUTO = {
    "identity": "glorot_uniform",
    "logistic": "glorot_uniform",
    "tanh": "glorot_uniform",
    "relu": "he_uniform",
    "leaky_relu": "he_uniform",
    "elu": "he_uniform",
    "selu": "lecun_normal",
    "gelu": "he_uniform",
    "silu": "he_uniform",
    "mish": "he_uniform",
    "softplus": "he_uniform",
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_auto_follows_the_activation(activation):
    assert get_initializer("auto", activation) == INITIALIZERS[AUTO[activation]]


def test_names_and_callables():
    assert get_initializer("normal", "relu") is INITIALIZERS["normal"]
    init = Uniform(2.0)
    assert get_initializer(init, "relu") is init
    assert bias_initializer(init, (2, 3)) is init
    assert INITIALIZERS["xavier_uniform"] is INITIALIZERS["glorot_uniform"]
    assert INITIALIZERS["xavier_normal"] is INITIALIZERS["glorot_normal"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 0.0}, "scale must be > 0, got 0.0"),
        ({"scale": -1.0}, "scale must be > 0, got -1.0"),
        ({"mode": "fan"}, "mode must be one of .*, got 'fan'"),
        ({"distribution": "cauchy"}, "distribution must be one of .*, got 'cauchy'"),
    ],
)
def test_variance_scaling_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        VarianceScaling(**arguments)


SLOW = {"learning_rate_init": 1e-300, "max_iter": 1, "random_state": 0}


def first_values(**params):
    """A regressor whose one epoch is too slow to change anything."""
    X = np.random.default_rng(0).normal(size=(20, 30))
    model = MLPRegressorScratch(
        hidden_layer_sizes=(40,), learning_rate_init=1e-300, max_iter=1, **params
    )
    with pytest.warns(Warning, match="Maximum iterations"):
        return model.fit(X, X[:, 0])


def test_custom_initializer_of_an_estimator():
    drawn = []

    def init(rng, shape):
        assert isinstance(rng, np.random.Generator)
        drawn.append(rng.normal(size=shape))
        return drawn[-1]

    model = first_values(init=init, bias_init=init, alpha=0)
    assert [a.shape for a in drawn] == [(30, 40), (40,), (40, 1), (1,)]
    fitted = [*zip(model.coefs_, model.intercepts_, strict=True)]
    for array, expected in zip(
        [a for pair in fitted for a in pair], drawn, strict=True
    ):
        assert_array_equal(array, expected)


def test_bias_of_an_estimator_has_the_fan_of_its_weights():
    """±sqrt(1 / n_in) for weights and biases alike."""
    init = "fan_in_uniform"
    model = first_values(init=init, bias_init=init, alpha=0, random_state=0)
    for array in (model.coefs_[0], model.intercepts_[0]):
        check_distribution(array, uniform(math.sqrt(1 / 30)))


def kinks(model, X):
    """Sums of the units of each hidden layer, biases included."""
    found, x = [], X
    for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        found.append(x @ W + b)
        x = np.maximum(found[-1], 0)
    return found


@pytest.mark.parametrize("make", [np.asarray, csr_array])
def test_each_unit_has_its_kink_at_a_row(make):
    """With one point; later layers see what enters them. Outputs begin at zero."""
    X = np.random.default_rng(0).normal(3.0, 1.0, size=(50, 30))
    model = MLPRegressorScratch(
        hidden_layer_sizes=(40, 20), bias_init=Kinks(1), alpha=0, **SLOW
    )
    with pytest.warns(Warning):
        model.fit(make(X), X[:, 0])
    for sums in kinks(model, X):
        assert_allclose(abs(sums).min(axis=0), 0, atol=1e-12)
        assert len(np.unique(abs(sums).argmin(axis=0))) > 10
    assert abs(model.intercepts_[-1]) < 1e-290


@pytest.mark.parametrize("residual", [False, True])
def test_kinks_lie_among_the_rows_of_the_training(residual):
    """And not among those that are held out."""
    rng = np.random.default_rng(0)
    X, X_val = rng.normal(3.0, 1.0, size=(50, 30)), rng.normal(-90, 1, size=(50, 30))
    y = np.sin(X[:, 0])
    model = MLPRegressorScratch(
        hidden_layer_sizes=(40, 40), bias_init="data", residual=residual, **SLOW
    ).set_params(early_stopping=True)
    with pytest.warns(Warning):
        model.fit(X, y, X_val=X_val, y_val=y)
    first = kinks(model, X)[0]
    assert (first.min(axis=0) < 0).all()
    assert (first.max(axis=0) > 0).all()
    assert (model.intercepts_[1] != 0).all()


def test_weights_of_the_points_are_uniform_on_the_simplex():
    """Of two points at 0 and 1 the share of one is uniform on [0, 1]."""
    z = np.tile([[0.0], [1.0]], (1, 20_000))
    kinks = -Kinks(2).of_sums(np.random.default_rng(0), z)
    apart = kinks[(kinks > 1e-9) & (kinks < 1 - 1e-9)]  # half the pairs are one row
    assert abs(len(apart) / 20_000 - 0.5) < 0.02
    assert stats.kstest(apart, "uniform").pvalue > 1e-3


def test_first_values_follow_the_random_state():
    one, same, other = (first_values(random_state=seed) for seed in (0, 0, 1))
    assert_array_equal(one.coefs_[0], same.coefs_[0])
    assert not np.isclose(one.coefs_[0], other.coefs_[0]).any()
