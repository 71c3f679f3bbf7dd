"""The race without its training: who has met which fold, and what follows from it."""

import math
import warnings
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import UndefinedMetricWarning

from sknnreg import MLPRegressorScratch
from sknnreg._cv._race import Race
from sknnreg._cv._report import leaderboard, results
from sknnreg._cv._search import Search
from sknnreg._cv._space import Candidate
from sknnreg._cv._work import Member
from sknnreg.model_selection._follow import Tasks
from sknnreg.model_selection._work import Fold

JOB = SimpleNamespace(
    model=lambda candidate: MLPRegressorScratch((3,), **candidate.network), config={}
)


def mean_square(prediction, rows):
    """The loss of a prediction where every target is zero."""
    return float(np.mean(np.square(prediction)))


class Track:
    """Races whose losses are given by candidate and fold, NaN for a network lost."""

    def __init__(self, table, n_folds=4, best_iter=9, deadline=math.inf):
        self.table, self.best_iter, self.units = table, best_iter, []
        folds = [Fold(k, np.arange(9), 2 * k + np.arange(2)) for k in range(n_folds)]
        self.race = Race(JOB, folds, mean_square, None, deadline, 3)
        self.candidates = [
            Candidate(number, "standard", "plain", {"alpha": 0.1 * number})
            for number in sorted({number for number, _ in table})
        ]

    def train(self, job, fold, candidates, deadline, begin_by):
        self.units.append(([c.number for c in candidates], fold.number, begin_by))
        places = [(c, self.table.get((c.number, fold.number))) for c in candidates]
        return [self.member(c, fold, loss) for c, loss in places if loss is not None]

    def member(self, candidate, fold, loss):
        seconds = 1.0 + candidate.number + 10 * fold.number
        if math.isnan(loss):
            return Member(candidate, fold.number, None, None, None, seconds)
        network = SimpleNamespace(best_iter_=self.best_iter, max_iter=10)
        # of either sign, so that its mean is zero
        prediction = math.sqrt(loss) * np.array([1.0, -1.0])
        return Member(candidate, fold.number, None, network, prediction, seconds)

    def run(self, numbers, folds):
        candidates = [c for c in self.candidates if c.number in numbers]
        self.race.run(candidates, folds, Tasks(None))


@pytest.fixture
def track(monkeypatch):
    """A track on which all units of its table have been run."""

    def make(table, **options):
        track = Track(table, **options)
        monkeypatch.setattr("sknnreg._cv._race.train_together", track.train)
        track.run({number for number, _ in table}, sorted({k for _, k in table}))
        return track

    return make


def numbers(candidates):
    return [candidate.number for candidate in candidates]


def test_nothing_is_trained_twice(track):
    made = track({(0, 0): 1, (1, 0): 2, (0, 1): 3})
    assert [unit[:2] for unit in made.units] == [([0, 1], 0), ([0, 1], 1)]
    made.table[1, 1] = 4.0
    made.run({0, 1}, [0, 1])
    # what time had not allowed is all that is lacking
    assert [unit[:2] for unit in made.units[2:]] == [([1], 1)]
    assert made.race.losses == pytest.approx(
        {(0, 0): 1, (1, 0): 2, (0, 1): 3, (1, 1): 4}
    )
    assert made.race.folds_of(made.candidates[0]) == {0, 1}
    assert made.race.n_folds(made.candidates[1]) == 2


def test_callbacks_hear_of_each_fold_that_is_done(track):
    class Names:
        def __init__(self):
            self.heard = []

        def part(self, name):
            self.heard.append(name)
            return nullcontext()

    made, names = track({(0, 0): 1, (1, 0): 2}), Names()
    made.table |= {(0, 2): 3, (1, 2): 3}
    made.race.run(made.candidates, [2], names)
    assert names.heard == ["fold 3", "fold 3"]


def test_what_cannot_be_trained_together_is_a_unit_of_its_own(track):
    track = track({(0, 0): 1})
    wide = Candidate(1, "standard", "wide", {"batch_size": 7})
    other = Candidate(2, "quantile", "plain", {"alpha": 0.3})
    track.table |= {(0, 1): 1, (1, 1): 1, (2, 1): 1}
    track.race.run([*track.candidates, wide, other], [1], Tasks(None))
    assert [unit[:2] for unit in track.units[1:]] == [([0], 1), ([1], 1), ([2], 1)]


def test_the_first_unit_may_always_begin_and_others_while_there_is_time(track):
    made = track({(0, 0): 1, (0, 1): 1, (0, 2): 1}, deadline=100.0)
    # then 1, 11 and 21 seconds: three tenths of the mean are of use still
    begin_by = [unit[2] for unit in made.units]
    assert begin_by == pytest.approx([math.inf, 100 - 0.3 * 1, 100 - 0.3 * 6])


def test_seconds(track):
    race, (first, second) = (
        (made := track({(0, 0): 1, (1, 0): 1, (0, 2): 1})).race,
        made.candidates,
    )
    assert race.seconds(first) == 1 + 21
    assert race.seconds_per_fold(first) == 11
    assert race.seconds(second) == race.seconds_per_fold(second) == 2
    assert race.seconds_per_unit == 8


def test_ranks_are_by_the_folds_that_all_have_met(track):
    made = track({(0, 0): 2, (1, 0): 1, (2, 0): 3, (0, 1): 1, (1, 1): 4})
    assert numbers(made.race.ranked(made.candidates)) == [1, 0, 2]
    # of those two there is more to tell
    assert numbers(made.race.ranked(made.candidates[:2])) == [0, 1]
    assert made.race.mean_loss(made.candidates[1], [0, 1]) == pytest.approx(2.5)


def test_who_came_further_is_the_first_to_catch_up(track):
    """Time may have ended within the first folds."""
    made = track({(0, 0): 1, (1, 0): 2, (2, 0): 1, (0, 1): 3, (1, 1): 1})
    plan = SimpleNamespace(rungs=[range(2), range(2, 4)])
    search = SimpleNamespace(race=made.race, plan=plan)
    promises = [Search._promise(search, c) for c in made.candidates]
    assert [n for n, _ in promises] == [2, 2, 1]
    assert [loss for _, loss in promises] == pytest.approx([-2, -1.5, -1])


def test_a_network_lost_is_no_sound_candidate_and_comes_last(track):
    made = track({(0, 0): 1, (1, 0): 5, (0, 1): np.nan, (1, 1): 5})
    lost, sound = made.candidates
    assert made.race.losses[0, 1] == math.inf
    assert not made.race.is_sound(lost) and made.race.is_sound(sound)
    assert numbers(made.race.ranked(made.candidates)) == [1, 0]
    assert made.race.complete() == ([sound], [0, 1])
    # nor is one of which the scorer knows nothing
    made.race.loss = lambda prediction, rows: math.nan
    made.table[1, 2] = 1
    made.run({1}, [2])
    assert made.race.losses[1, 2] == math.inf
    assert made.race.complete() == ([], [])


def of_folds(*counts):
    """Candidate by candidate, how many folds it has met; the last one is the best."""
    return {(i, k): 9.0 - i for i, n in enumerate(counts) for k in range(n)}


@pytest.mark.parametrize(
    ("counts", "chosen", "folds"),
    [
        ((4, 4, 2, 1), [1, 0], 4),  # eight networks; of three candidates six
        ((4, 4, 3, 1), [2, 1, 0], 3),  # nine
        ((3, 3, 2), [1, 0], 3),  # six either way: more folds
        ((4, 3, 3, 2, 2, 2, 2), [2, 1, 0], 3),  # more than three count as three
        ((1, 1), [1, 0], 1),
    ],
)
def test_of_what_is_unfinished_the_part_with_most_networks(
    track, counts, chosen, folds
):
    found, met = track(of_folds(*counts)).race.complete()
    assert numbers(found) == chosen
    assert met == list(range(folds))


def test_held_out_rows_come_fold_by_fold(track):
    made = track({(0, 0): 1, (0, 1): 4, (0, 2): 9})
    found = made.race.held_out(made.candidates[0], [0, 2])
    assert_array_equal(found, [1, -1, 3, -3])


@pytest.mark.parametrize(("best_iter", "late"), [(8, False), (9, True), (10, True)])
def test_what_was_best_in_its_last_tenth_was_still_improving(track, best_iter, late):
    made = track({(0, 0): 1, (0, 1): 1}, best_iter=best_iter)
    assert made.race.ends_at_its_best(made.candidates[0]) == late


@pytest.mark.parametrize(("share", "most"), [(0.09, True), (0.11, False)])
def test_most_is_explained_below_a_tenth_of_the_loss_of_a_constant(track, share, most):
    made = track({(0, 0): 1, (0, 1): 1})
    race, truth = made.race, np.array([[5.0, 50.0], [1.0, 54.0]])

    def loss(prediction, rows):
        if (prediction[0] == prediction[1]).all():
            warnings.warn("no R² of a constant", UndefinedMetricWarning, stacklevel=1)
        return float(np.mean((prediction - truth) ** 2))

    # the mean predictions, 3 and 52, are wrong by 2 always
    race.loss = loss
    for k in (0, 1):
        error = 2 * np.sqrt(share if k else 0.01)
        prediction = truth + error * np.array([[1], [-1]])
        race.members[0, k] = race.members[0, k]._replace(prediction=prediction)
        race.losses[0, k] = loss(prediction, None)
    assert_allclose(race.losses[0, 1], 4 * share)
    assert race.explains_most(made.candidates[0]) == most


def test_tables_of_what_was_tried(track):
    """Ranked by folds, then by the mean; what a candidate does not set is a default."""
    table = {(0, 0): 4.0, (0, 1): 2.0, (1, 0): 1.0, (1, 1): 1.0, (2, 0): 0.5}
    made = track(table | {(3, 0): math.nan})
    search = SimpleNamespace(
        race=made.race,
        folds=made.race.folds[:2],
        tried=lambda: made.candidates,
        weights={1: 0.75, 0: 0.25},
    )
    found = results(search, lambda loss: -10 * loss)
    assert found["params"][2] == {
        "preprocessor__numbers": "standard",
        "network__alpha": 0.2,
    }
    for name, column in {
        "split0_test_score": [-40, -10, -5, np.nan],
        "split1_test_score": [-20, -10, np.nan, np.nan],
        "mean_test_score": [-30, -10, -5, np.nan],
        "std_test_score": [10, 0, 0, np.nan],
        "rank_test_score": [2, 1, 3, 4],
        "n_splits": [2, 2, 1, 0],
        "fit_time": [1 + 11, 2 + 12, 3, 4],
        "weight": [0.25, 0.75, 0, 0],
    }.items():
        assert_allclose(found[name], column, err_msg=name)
    board = leaderboard(search, found)
    assert_allclose(board["score"], [-10, -30, -5, np.nan])
    assert_allclose(board["std"], [0, 10, 0, np.nan])
    assert board["folds"] == [2, 2, 1, 0]
    assert board["seconds"] == [14, 12, 3, 4]
    assert board["weight"] == [0.75, 0.25, 0, 0]
    assert board["numbers"] == ["standard"] * 4
    assert board["shape"] == ["plain"] * 4
    assert_allclose(board["alpha"], [0.1, 0, 0.2, 0.3])
    assert board["dropout"] == [MLPRegressorScratch().dropout] * 4
