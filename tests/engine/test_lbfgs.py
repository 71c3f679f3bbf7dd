"""L-BFGS-B on split variables: its gradient, and that it solves what it should."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import ElasticNet as LinearElasticNet

from sknnreg.engine.activations import Tanh
from sknnreg.engine.initializers import Normal
from sknnreg.engine.layers import Activate, Dense
from sknnreg.engine.losses import SquaredError
from sknnreg.engine.penalties import L1, L2, ElasticNet
from tests.engine.factories import Machine, Problem

N, N_IN = 40, 6


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, N_IN))
    y = X[:, :1] - 0.5 * X[:, 1:2] + 0.1 * rng.normal(size=(N, 1))
    return X, y, rng.uniform(0.5, 2, (1, N))


def problem_of(penalties, hidden=(3,), weighted=False, dtype=float):
    """A penalty (or None) for each layer's weights; biases are free."""
    X, y, weight = data()
    layers = []
    for units in hidden:
        layers += [Dense(units, Normal(0.5), Normal(0.5)), Activate(Tanh())]
    layers.append(Dense(1, Normal(0.5), Normal(0.5)))
    rngs = [np.random.default_rng(1)]
    machine = Machine.of(layers, SquaredError(), N_IN, rngs, dtype)
    regularizer = machine.penalize(penalties)
    return Problem(machine, regularizer, X, y, weight if weighted else None)


PENALTIES = {
    "l1": [L1(0.1), L1(0.2)],
    "elasticnet": [ElasticNet(0.1, 0.3), ElasticNet(0.2, 0.8)],
    "first layer": [L1(0.1), L2(0.2)],
    "l2": [L2(0.1), L2(0.2)],
    "none": [None, None],
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", PENALTIES)
def test_gradient_in_split_variables(name, weighted):
    """At a point where both parts of a weight are positive: all are independent."""
    problem = problem_of(PENALTIES[name], weighted=weighted)
    objective = problem.objective
    u = objective.start()
    rng = np.random.default_rng(0)
    kinked = np.flatnonzero(problem.l1)
    u[kinked] += rng.uniform(0.1, 1, len(kinked))
    u[len(u) - len(kinked) :] += rng.uniform(0.1, 1, len(kinked))
    gradient = objective(u)[1].copy()
    numeric = np.empty_like(u)
    for i, shift in enumerate(1e-5 * np.eye(len(u))):
        numeric[i] = (objective(u + shift)[0] - objective(u - shift)[0]) / 2e-5
    size = np.linalg.norm(gradient)
    assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-7 * size)


@pytest.mark.parametrize("name", PENALTIES)
def test_start_is_the_present_point(name):
    """Its parts are complementary, so the value is J itself."""
    problem = problem_of(PENALTIES[name])
    theta = problem.theta.copy()
    objective = problem.objective
    u = objective.start()
    n_kinked = np.count_nonzero(problem.l1)
    assert len(u) == theta.size + n_kinked
    if objective.bounds() is not None:
        for value, (low, high) in zip(u, objective.bounds(), strict=True):
            assert high is None
            assert low is None or value >= low == 0
    assert (objective.bounds() is None) == (n_kinked == 0)
    problem.theta[...] = np.nan
    value, _ = objective(u)
    assert_array_equal(problem.theta, theta)
    assert_allclose(value, problem.J(), rtol=1e-13)


# without any penalty the minimum is a flat valley: nothing to converge to
@pytest.mark.parametrize("name", sorted(PENALTIES.keys() - {"none"}))
def test_solution_is_stationary_with_exact_zeros(name):
    """g + α sign(w) = 0 where w is not zero, and |g| <= α where it is."""
    problem = problem_of(PENALTIES[name])
    result = problem.solve()
    assert result.success
    theta, g, l1 = problem.theta[0], problem.smooth_gradient(), problem.l1
    zero = theta == 0
    assert_allclose(g[~zero], -(l1 * np.sign(theta))[~zero], atol=1e-5)
    assert (np.abs(g[zero]) <= l1[zero] + 1e-5).all()
    assert zero.any() == (l1 > 0).any()
    # what was minimized is J: no weight keeps both of its parts
    assert_allclose(result.fun, problem.J(), rtol=1e-10)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.1, 0.5, 1.0])
def test_linear_model_is_the_elastic_net(l1_ratio, weighted):
    """scikit-learn's objective is the same one, to the factor."""
    problem = problem_of([ElasticNet(0.2, l1_ratio)], (), weighted)
    assert problem.solve(1e-10).success
    X, y, weight = data()
    linear = LinearElasticNet(alpha=0.2, l1_ratio=l1_ratio, tol=1e-12)
    linear.fit(X, y.ravel(), sample_weight=weight[0] if weighted else None)
    theta = problem.theta[0]
    assert_allclose(theta[:-1], linear.coef_, atol=1e-6)
    assert_allclose(theta[-1], linear.intercept_, atol=1e-6)
    assert_array_equal(theta[:-1] == 0, linear.coef_ == 0)


def test_alpha_that_zeroes_all():
    """α above the largest gradient at zero leaves the mean alone."""
    X, y, _ = data()
    alpha = np.abs(X.T @ (y - y.mean())).max() / N
    problem = problem_of([L1(alpha * 1.01)], ())
    problem.solve()
    assert not problem.theta[0, :-1].any()
    assert_allclose(problem.theta[0, -1], y.mean(), atol=1e-6)
    problem = problem_of([L1(alpha * 0.99)], ())
    problem.solve()
    assert np.count_nonzero(problem.theta[0, :-1]) == 1


def test_report_sees_each_iteration_and_may_stop():
    """The value is J at the parameters in place, whatever the parts of the weights."""
    problem = problem_of(PENALTIES["l1"])
    seen = []

    def report(value):
        assert_allclose(value, problem.J(), rtol=1e-12)
        seen.append((value, problem.theta.copy()))
        return len(seen) == 5

    result = problem.solve(report=report)
    assert len(seen) == 5
    values = [value for value, _ in seen]
    assert values == sorted(values, reverse=True)
    assert_allclose(result.fun, values[-1])
    assert_array_equal(problem.theta, seen[-1][1])


def test_float32():
    """Parameters keep their dtype; SciPy works in float64 around them."""
    problem = problem_of(PENALTIES["l1"], dtype=np.float32)
    assert problem.objective.start().dtype == np.float64
    problem.solve(1e-4)
    single = problem.theta
    assert single.dtype == np.float32
    value = problem.objective(problem.objective.start())[0]
    double = problem_of(PENALTIES["l1"])
    assert_allclose(value, double.solve().fun, rtol=1e-3)


def test_what_a_report_raises_is_no_end():
    """SciPy takes StopIteration for the wish to end."""
    problem = problem_of(PENALTIES["l2"])

    def report(value):
        raise StopIteration("of a scorer")

    with pytest.raises(StopIteration, match="of a scorer"):
        problem.solve(report=report)
