"""Plan, selection, losses and the race, each alone."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import log_loss as sklearn_log_loss

from sknnreg._cv._losses import KnownNumbers, from_scorer, log_loss, squared_error
from sknnreg._cv._plan import (
    batch_size,
    cost,
    most_epochs,
    plan,
    race_size,
    rungs,
    survivors,
)
from sknnreg._cv._selection import select, shrunk
from sknnreg._cv._space import (
    NUMBERS,
    PIECES,
    PORTFOLIO,
    SHAPES,
    SHRINKAGE,
    draw,
    is_for,
    portfolio,
)


def mse(y):
    return lambda prediction: float(np.mean((prediction - y) ** 2))


class TestSelection:
    def test_takes_what_is_perfect_alone(self):
        y = np.arange(5.0)
        weights = select(np.stack([y + 1, y, y - 2]), mse(y), 10)
        assert_allclose(weights, [0, 1, 0])

    def test_finds_the_mixture_that_has_no_error(self):
        y = np.arange(6.0)
        predictions = np.stack([y + 1, y - 3, y + 10])
        # 3/4 and 1/4: the errors 1 and -3 cancel
        assert_allclose(select(predictions, mse(y), 4), [0.75, 0.25, 0])

    def test_is_never_worse_than_the_best_member(self):
        rng = np.random.default_rng(0)
        y = rng.normal(size=50)
        predictions = y + rng.normal(size=(8, 50))
        weights = select(predictions, mse(y), 16)
        assert_allclose(weights.sum(), 1)
        mixture = mse(y)(np.tensordot(weights, predictions, 1))
        assert mixture < 0.5 * min(mse(y)(each) for each in predictions)

    @pytest.mark.parametrize("sign", [1, -1])
    @pytest.mark.parametrize(("share", "taken"), [(5e-5, False), (2e-4, True)])
    def test_a_member_must_be_worth_while(self, share, taken, sign):
        """It must lower the loss by a ten thousandth, of whatever sign that is."""

        def loss(prediction):
            if prediction == 0:
                return sign
            return sign - share if 0.2 < prediction < 0.8 else sign + 0.5

        weights = select(np.array([[0.0], [1.0]]), loss, 5)
        assert_allclose(weights, [0.5, 0.5] if taken else [1, 0])

    def test_a_single_one(self):
        assert_allclose(select(np.ones((1, 3)), mse(np.zeros(3)), 5), [1])

    def test_weights_of_few_rows_are_drawn_towards_equal_ones(self):
        weights = np.array([1.0, 0, 0, 0])
        assert_allclose(shrunk(weights, 0), 0.25)
        assert_allclose(shrunk(weights, 500), [0.625, 0.125, 0.125, 0.125])
        assert_allclose(shrunk(weights, 1000), [0.85, 0.05, 0.05, 0.05])
        assert_allclose(shrunk(weights, 10**6), weights, atol=1e-6)


class TestLosses:
    rows = np.array([4, 1, 3])

    @pytest.mark.parametrize("weighted", [False, True])
    def test_log_loss_of_classes(self, weighted):
        rng = np.random.default_rng(0)
        y, p = rng.integers(3, size=6), rng.dirichlet(np.ones(3), 3)
        weight = rng.uniform(size=6) if weighted else None
        loss = log_loss(np.eye(3)[y], True, weight)(p, self.rows)
        own = None if weight is None else weight[self.rows]
        expected = sklearn_log_loss(
            y[self.rows], p, labels=[0, 1, 2], sample_weight=own
        )
        assert_allclose(loss, expected)

    def test_log_loss_of_two_classes_and_of_labels(self):
        y, p = np.array([[1], [0], [1]]), np.array([0.7, 0.2, 0.9])
        rows = np.arange(3)
        expected = -np.mean(np.log([0.7, 0.8, 0.9]))
        both = np.stack([1 - p, p], axis=1)
        assert_allclose(log_loss(y, False, None)(both, rows), expected)
        labels = np.concatenate([y, y], axis=1)
        twice = np.stack([p, p], axis=1)
        assert_allclose(log_loss(labels, False, None)(twice, rows), 2 * expected)

    def test_log_loss_is_finite_for_a_sure_mistake(self):
        loss = log_loss(np.array([[1.0]]), False, None)
        assert 20 < loss(np.array([[1.0, 0.0]]), np.array([0])) < 40

    def test_squared_error(self):
        y = np.arange(10.0).reshape(5, 2)
        prediction = y[self.rows] + [[1, 2]]
        assert_allclose(squared_error(y, None)(prediction, self.rows), 2.5)

    def test_scorer_sees_its_rows_and_weights(self):
        y, weight = np.arange(5.0), np.array([0.0, 1, 0, 3, 0])
        known = KnownNumbers()
        loss = from_scorer("neg_mean_absolute_error", y, weight, known)
        # rows 1 and 3 count, with weights 1 and 3
        assert_allclose(loss(np.array([9.0, 2, 5]), self.rows), (1 + 3 * 2) / 4)


class TestPlan:
    def test_without_a_limit_epochs_depend_on_rows_alone(self):
        sizes = plan(4000, 5, 8, 0.0, math.inf)
        assert sizes.max_iter == most_epochs(4000) == 100
        assert sizes.n_first == 8

    def test_small_tables_get_more_epochs_and_smaller_batches(self):
        assert batch_size(100) == 32
        assert batch_size(1_000_000) == 512
        assert most_epochs(100) == 400
        assert batch_size(5000) in (64, 128)

    def test_first_epochs_give_way_then_candidates_then_epochs_again(self):
        plans = [plan(4000, 5, 8, 0.1, seconds) for seconds in (1e4, 150, 30, 1)]
        epochs = [sizes.max_iter for sizes in plans]
        firsts = [sizes.n_first for sizes in plans]
        assert epochs[0] == 100
        assert epochs[0] > epochs[1] > 30
        assert firsts[:2] == [8, 8]
        assert firsts[2] < 8
        assert firsts[3] == 1
        assert epochs[3] == 5
        shares = [sizes.share for sizes in plans]
        assert shares[:3] == [1, 1, 1]
        # two networks, five epochs, 1.7 times the seconds of an epoch
        assert_allclose(shares[3], 1 / (2 * 5 * 1.7 * 0.1))

    @pytest.mark.parametrize("n_folds", [2, 3, 5, 8, 10])
    @pytest.mark.parametrize("n_rows", [100, 10_000])
    def test_rungs_are_all_folds_once(self, n_folds, n_rows):
        parts = rungs(n_folds, n_rows)
        assert [k for part in parts for k in part] == list(range(n_folds))

    def test_few_rows_are_judged_on_more_folds(self):
        assert len(rungs(8, 500)[0]) == 2
        assert len(rungs(5, 10_000)[0]) == 1

    @pytest.mark.parametrize(
        ("n_rows", "rows"),
        [(0, 32), (1, 32), (1810, 32), (1811, 64), (12_000, 256), (10**6, 512)],
    )
    def test_some_forty_batches_an_epoch(self, n_rows, rows):
        """The nearest power of two: 1810 / 40 is 2 to the power 5.4998."""
        assert batch_size(n_rows) == rows

    @pytest.mark.parametrize(
        ("n_rows", "epochs"),
        # 2500 steps: 16, 17, 20 a epoch of batches of 32
        [(500, 157), (544, 148), (640, 125), (1000, 100), (32 * 6, 400)],
    )
    def test_epochs_that_are_worth_while(self, n_rows, epochs):
        assert most_epochs(n_rows) == epochs

    def test_rungs(self):
        assert rungs(2, 100) == [range(2)]
        assert rungs(3, 100) == [range(1), range(1, 2), range(2, 3)]
        assert rungs(12, 1999) == [range(3), range(3, 6), range(6, 12)]
        assert rungs(12, 2000) == [range(1), range(1, 2), range(2, 12)]

    @pytest.mark.parametrize(
        ("n_rows", "affordable", "max_iter", "n_first"),
        [
            (4000, 2400, 100, 8),  # all that is worth while
            (4000, 1440, 60, 8),  # 24 units
            (4000, 200, 40, 2),  # forty epochs, five units
            (12_000, 200, 32, 3),  # 1500 steps
            (100_000, 200, 12, 8),  # twelve, 16.7 units
            (4000, 100, 40, 1),  # two units and a half
            (4000, 61, 30, 1),  # two units, fewer epochs
        ],
    )
    def test_what_is_affordable(self, n_rows, affordable, max_iter, n_first):
        """So many epochs, each 1.7 times as long as one of the plain shape."""
        sizes = plan(n_rows, 5, 8, 0.5, affordable * 0.5 * 1.7 + 1e-9)
        assert sizes == (max_iter, n_first, rungs(5, n_rows), 1.0)

    def test_without_a_limit_all_rows_are_used(self):
        assert plan(4000, 5, 8, 0.0, math.inf) == (100, 8, rungs(5, 4000), 1.0)

    def test_a_race_goes_on_from_what_is_done(self):
        parts = [range(2), range(2, 4), range(4, 8)]
        # 2 × 16 + 2 × 8 + 4 × 4 units, 2 × 8 of which are done
        assert cost(16, parts) == 64
        assert race_size(48, parts, 8) == 16
        assert race_size(47, parts, 8) == 15
        assert race_size(4, [range(2)], 1) == 3

    def test_race_size_costs_what_there_is(self):
        parts = [range(1), range(1, 2), range(2, 5)]
        # 16 + 8 + 4 × 3 units, 8 of which are done
        assert cost(16, parts) == 36
        assert race_size(28, parts, 8) == 16
        assert race_size(0, parts, 8) == 8

    def test_a_few_survive(self):
        assert [survivors(n) for n in (1, 2, 3, 4, 7, 20)] == [1, 2, 3, 3, 4, 10]


class TestSpace:
    def test_portfolio_has_every_preparation_and_shape(self):
        first = portfolio(len(PORTFOLIO), tuple(NUMBERS))
        assert {c.numbers for c in first} == set(NUMBERS) - {"none"}
        assert {c.shape for c in first} == set(SHAPES)
        assert [c.number for c in first] == list(range(8))

    def test_portfolio_of_sparse_tables_varies_the_shape(self):
        assert {c.shape for c in portfolio(8, ["none"])} == set(SHAPES)

    def test_what_is_for_how_many_columns(self):
        assert [is_for("fine", n) for n in (0, 1, 16, 17)] == [False, True, True, False]
        assert is_for("quantile", 10**4)
        assert is_for("standard", 0)
        assert not is_for("quantile", 0)

    def test_draws_by_weight_and_in_range(self):
        rng = np.random.default_rng(0)
        pairs = [("robust", "plain"), ("quantile", "wide")]
        drawn = draw(rng, range(5, 2005), pairs, [0.8, 0.2])
        assert [c.number for c in drawn] == list(range(5, 2005))
        share = np.mean([c.numbers == "robust" for c in drawn])
        assert abs(share - 0.8) < 0.04
        rates = np.array([c.network["learning_rate_init"] for c in drawn])
        base = np.array([SHAPES[c.shape]["learning_rate_init"] for c in drawn])
        factors = rates / base
        assert 0.4 <= factors.min() < factors.max() <= 2.5
        # uniform in the logarithm: the middle is the geometric mean
        assert abs(np.median(np.log(factors))) < 0.08
        for share, piece in PIECES + SHRINKAGE:
            fixed = {k: v for k, v in piece.items() if k != "alpha"}
            found = np.mean([fixed.items() <= c.network.items() for c in drawn])
            assert abs(found - share) < 0.05
        decay = [c.network["alpha"] for c in drawn if c.network["solver"] == "adamw"]
        assert 0.005 <= min(decay) < max(decay) <= 0.5
