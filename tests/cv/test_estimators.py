"""The estimators that find an ensemble for a table."""

import pickle
import time
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_array
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratchCV, MLPRegressorScratchCV
from sknnreg._cv import _pilot, _search, _space
from sknnreg._cv._work import predict
from sknnreg.callbacks import Callback
from tests.factories import needs_callbacks, not_converged

QUICK = {"max_time": None, "n_candidates": 4, "max_iter": 6, "random_state": 0, "cv": 3}


def classifier(**params):
    return MLPClassifierScratchCV(**QUICK | params)


def regressor(**params):
    return MLPRegressorScratchCV(**QUICK | params)


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return X, np.array(["a", "b", "c"])[y]


@pytest.fixture(scope="module")
def diabetes():
    return load_diabetes(return_X_y=True)


def a_table(n=120):
    """Numbers with gaps, categories, strings, booleans; and a target."""
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "count": rng.integers(5, size=n),
            "colour": pd.Categorical(rng.choice(["red", "green"], n)),
            "place": rng.choice(["here", "there", "nowhere"], n),
            "flag": rng.random(n) < 0.5,
            "constant": 1.0,
        }
    )
    y = frame["count"] + 2.0 * (frame["colour"] == "red") + rng.normal(size=n) / 10
    return frame, y


class TestEnsemble:
    def test_is_the_weighted_mean_of_its_networks(self, iris):
        X, y = iris
        model = classifier().fit(X, y)
        parts = model.ensemble_.parts
        mean = sum(
            weight * predict(network, part.preprocessor.transform(X))
            for part in parts
            for weight, network in zip(part.weights, part.networks, strict=True)
        )
        assert_allclose(model.predict_proba(X), mean)
        assert_allclose(sum(w for part in parts for w in part.weights), 1)
        assert len(model.ensemble_) == 3 * np.count_nonzero(model.cv_results_["weight"])

    def test_learns(self, iris, diabetes):
        X, y = iris
        assert classifier(max_iter=30).fit(X, y).score(X, y) > 0.95
        X, y = diabetes
        model = regressor(max_iter=30).fit(X, y)
        assert 0.45 < model.score(X, y) < 0.9

    def test_held_out_predictions_are_by_networks_that_did_not_train_on_the_row(self):
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(90, 30)), rng.normal(size=90)
        model = regressor(max_iter=60).fit(X, y)
        assert model.oof_prediction_.shape == (90,)
        seen, unseen = model.predict(X), model.oof_prediction_
        # rows that a network has trained on are known to it, noise as they are
        assert np.corrcoef(seen, y)[0, 1] > np.corrcoef(unseen, y)[0, 1] + 0.25

    def test_is_as_good_as_its_best_member_on_held_out_rows(self, diabetes):
        X, y = diabetes
        model = regressor(max_iter=30).fit(X, y)
        loss = np.mean((model.oof_prediction_ - y) ** 2) / np.var(y)
        assert 1 - loss >= model.best_score_ - 1e-6

    @not_converged
    def test_best_estimator_stands_alone_in_units_of_the_target(self, diabetes):
        X, y = diabetes
        best = regressor(max_iter=30).fit(X, y).best_estimator_
        best = pickle.loads(pickle.dumps(best))
        assert best.score(X, y) > 0.4
        again = clone(best).set_params(network__early_stopping=False)
        assert again.fit(X, y).predict(X).shape == y.shape

    def test_predicts_nothing_beyond_what_was_seen(self, diabetes):
        X, y = diabetes
        model = regressor().fit(X, y)
        far = model.predict(100 * X)
        assert y.min() <= far.min() <= far.max() <= y.max()


class TestTables:
    def test_a_data_frame_as_it_comes(self):
        frame, y = a_table()
        model = regressor(max_iter=40).fit(frame, y)
        assert model.score(frame, y) > 0.5
        assert_array_equal(model.feature_names_in_, frame.columns)
        new = frame.head(3).assign(place=["somewhere", None, "here"])
        assert np.isfinite(model.predict(new)).all()
        with pytest.raises(ValueError, match="feature names"):
            model.predict(frame[frame.columns[::-1]])

    def test_categories_only(self):
        frame, y = a_table()
        model = regressor(max_iter=30).fit(frame[["colour", "place"]], y)
        assert set(model.leaderboard_["numbers"]) == {"standard"}

    def test_dates_are_refused_by_name(self):
        pd = pytest.importorskip("pandas")
        frame, y = a_table()
        frame["day"] = pd.Timestamp("2026-01-01")
        with pytest.raises((ValueError, TypeError), match="day"):
            regressor().fit(frame, y)

    def test_sparse(self, iris):
        X, y = iris
        model = classifier(max_iter=20).fit(csc_array(X), y)
        assert model.score(csc_array(X), y) > 0.7

    def test_several_targets_and_labels(self, diabetes):
        X, y = diabetes
        several = np.stack([y, -3 * y + 1000], axis=1)
        model = regressor(max_iter=20).fit(X, several)
        assert model.predict(X).shape == several.shape
        assert model.score(X, several) > 0.3
        X, labels = make_multilabel_classification(60, n_classes=4, random_state=0)
        model = classifier().fit(X, labels)
        assert model.predict_proba(X).shape == labels.shape
        assert set(np.unique(model.predict(X))) <= {0, 1}

    def test_a_class_of_one_row_is_known_to_all_networks(self, iris):
        X, y = iris
        y = np.where(np.arange(len(y)) == 7, "single", y)
        model = classifier().fit(X, y)
        assert_array_equal(model.classes_, ["a", "b", "c", "single"])
        assert model.predict_proba(X).shape == (150, 4)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_dtype_is_that_of_the_networks(self, iris, dtype):
        model = classifier(dtype=dtype).fit(*iris)
        assert model.best_estimator_["network"].coefs_[0].dtype == dtype

    def test_a_constant_target(self):
        X = np.random.default_rng(0).normal(size=(40, 3))
        model = regressor().fit(X, np.full(40, 7.0))
        assert_allclose(model.predict(X), 7.0)


class TestSearch:
    def test_same_seed_same_result_in_any_number_of_processes(self, iris):
        X, y = iris
        first, *others = (
            classifier(n_jobs=n).fit(X, y).predict_proba(X) for n in (1, 1, 2)
        )
        assert_array_equal(first, others[0])
        assert_allclose(first, others[1], atol=1e-6)
        assert not np.array_equal(
            first, classifier(random_state=1).fit(X, y).predict_proba(X)
        )

    def test_ever_fewer_candidates_meet_ever_more_folds(self, iris):
        model = classifier(n_candidates=9, max_iter=2, cv=5).fit(*iris)
        n_folds = model.cv_results_["n_splits"]
        assert n_folds.tolist().count(5) == 3
        scores = model.cv_results_["split4_test_score"]
        assert np.isnan(scores).sum() == 6
        assert model.n_splits_ == 5
        assert len(model.leaderboard_["score"]) == 9
        assert model.leaderboard_["folds"] == sorted(n_folds.tolist(), reverse=True)
        assert model.best_index_ == np.argmin(model.cv_results_["rank_test_score"])
        assert set(model.best_params_) <= set(model.best_estimator_.get_params())

    def test_each_candidate_is_trained_by_itself(self):
        """Also where there are too many columns for some ways to prepare numbers."""
        X = np.random.default_rng(0).normal(size=(90, 20))
        model = classifier(n_candidates=9, max_iter=2).fit(X, X[:, 0] > 0)
        board, table = model.leaderboard_, model.cv_results_
        first = [params["preprocessor__numbers"] for params in table["params"][:6]]
        assert first == ["standard"] * 2 + ["piecewise", "quantile"] + ["standard"] * 2
        assert len(set(board["score"])) == 9
        assert_allclose(np.sum(board["weight"]), 1)

    def test_more_epochs_where_they_pay(self, monkeypatch):
        monkeypatch.setattr("sknnreg._cv._plan.most_epochs", lambda n_rows: 20)
        X = np.random.default_rng(0).uniform(-2, 2, (150, 2))
        smooth = np.sin(2 * X[:, 0])
        model = regressor(n_candidates=12, max_iter=None).fit(X, smooth)
        assert model.max_iter_ >= 80  # doubled once, and again
        assert len(model.cv_results_["params"]) == 12
        assert model.best_params_["network__max_iter"] == model.max_iter_
        # as given, it stays
        assert regressor(n_candidates=12, max_iter=4).fit(X, smooth).max_iter_ == 4

    def test_one_alone_gets_more_epochs_where_time_is_short_for_two(self, monkeypatch):
        monkeypatch.setattr("sknnreg._cv._plan.most_epochs", lambda n_rows: 20)
        monkeypatch.setattr(
            _search.Search, "_can_double", lambda self, best: len(best) == 1
        )
        X = np.random.default_rng(0).uniform(-2, 2, (150, 2))
        model = regressor(n_candidates=12, max_iter=None).fit(X, np.sin(2 * X[:, 0]))
        epochs = [params["network__max_iter"] for params in model.cv_results_["params"]]
        assert epochs[8:10] == [40, 80] and model.max_iter_ == max(epochs)

    def test_time_for_more_epochs_is_that_of_all_folds(self):
        search = SimpleNamespace(
            plan=SimpleNamespace(rungs=[range(2), range(2, 4), range(4, 8)]),
            folds=range(8),
            race=SimpleNamespace(seconds_per_fold=float),
        )
        # two on the first two folds, one of them on the six others, twice as long
        for left, has_time in ((60.0, False), (60.1, True)):
            search._seconds_left = lambda left=left: left
            assert _search.Search._can_double(search, [1.0, 3.0]) is has_time

    def test_another_one_takes_as_long_as_its_like_for_the_epochs_of_all(self):
        race = SimpleNamespace(seconds_per_fold=lambda candidate: 3.0)
        search = SimpleNamespace(max_iter=40, race=race)
        like = _space.Candidate(0, "standard", "plain", {"max_iter": 20})
        assert _search.Search._seconds_of_another(search, like) == 6

    def test_no_more_epochs_where_they_do_not(self, monkeypatch):
        monkeypatch.setattr("sknnreg._cv._plan.most_epochs", lambda n_rows: 60)
        X = np.random.default_rng(0).normal(size=(150, 2))
        noise = np.random.default_rng(1).normal(size=150)
        model = regressor(n_candidates=5, max_iter=None).fit(X, noise)
        assert set(model.leaderboard_["max_iter"]) == {model.max_iter_}

    def test_no_more_epochs_where_noise_is_most_of_what_is_left(self, monkeypatch):
        """Though they still improve: of the noise nothing can be learned."""
        monkeypatch.setattr("sknnreg._cv._plan.most_epochs", lambda n_rows: 3)
        rng = np.random.default_rng(0)
        X, u = rng.normal(size=(150, 1)), rng.normal(size=150)
        quiet, loud = (
            regressor(n_candidates=9, max_iter=None, cv=2).fit(X, X[:, 0] + noise)
            for noise in (0.1 * u, 0.4 * u)
        )
        assert loud.best_estimator_["network"].best_iter_ == loud.max_iter_ == 3
        assert quiet.max_iter_ == 6

    def test_others_have_the_epochs_that_paid(self, monkeypatch):
        """What twice the epochs did not take off is not paid for by all others."""
        monkeypatch.setattr("sknnreg._cv._plan.most_epochs", lambda n_rows: 5)
        monkeypatch.setattr(_search, "WORTH_DOUBLING", 0.9999)
        X = np.random.default_rng(0).normal(size=(150, 1))
        model = regressor(n_candidates=12, max_iter=None, cv=2).fit(X, X[:, 0])
        epochs = [params["network__max_iter"] for params in model.cv_results_["params"]]
        n = epochs.count(10)
        assert n > 0 and epochs == [5] * 8 + [10] * n + [5] * (4 - n)

    def test_a_first_timing_needs_no_large_table(self, iris, monkeypatch):
        rows = []

        def start(models, X, *arguments, **options):
            rows.append(len(X))
            return run_start(models, X, *arguments, **options)

        run_start = _pilot.start
        monkeypatch.setattr(_pilot, "start", start)
        monkeypatch.setattr(_pilot, "PILOT_ROWS", 70)
        model = classifier(max_time=1000, n_candidates=1, max_iter=2).fit(*iris)
        assert set(rows) == {70}
        assert np.isfinite(model.oof_prediction_).all()

    def test_there_is_an_answer_however_short_the_time(self, iris):
        X, y = iris
        model = classifier(max_time=1e-9, max_iter=None, n_candidates=None)
        began = time.perf_counter()
        model.fit(X, y)
        assert time.perf_counter() - began < 30
        assert len(model.ensemble_) == 1
        assert model.predict(X).shape == y.shape
        # of the one fold that was met
        assert 0 < np.isfinite(model.oof_prediction_).all(axis=1).sum() < len(y)

    def test_time_that_is_left_goes_to_those_who_were_next(self, iris):
        settings = {"n_candidates": 7, "max_iter": 2, "cv": 4}
        n_folds = classifier(**settings).fit(*iris).cv_results_["n_splits"]
        assert min(n_folds) < 4
        model = classifier(max_time=1000, **settings).fit(*iris)
        assert model.cv_results_["n_splits"].tolist() == [4] * 7

    @pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss"])
    def test_scoring(self, iris, scoring):
        model = classifier(scoring=scoring).fit(*iris)
        low, high = (0, 1) if scoring == "accuracy" else (-5, 0)
        assert low < model.best_score_ <= high

    def test_scoring_of_a_regression_is_in_units_of_the_target(self, diabetes):
        model = regressor(scoring="neg_mean_absolute_error").fit(*diabetes)
        assert -100 < model.best_score_ < -20

    def test_groups_are_held_out_together(self, iris):
        X, y = iris
        groups = np.arange(150) // 10
        seen = []

        class Watched(GroupKFold):
            def split(self, X, y=None, groups=None):
                for train, test in super().split(X, y, groups):
                    seen.append((set(groups[train]), set(groups[test])))
                    yield train, test

        classifier(cv=Watched(3)).fit(X, y, groups=groups)
        classifier(cv=None).fit(X, y, groups=groups)
        assert len(seen) == 3
        assert all(not train & test for train, test in seen)
        # fewer of them than folds
        assert classifier(cv=None).fit(X, y, groups=groups % 3).n_splits_ == 3

    def test_weights_count(self):
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(120, 2)), rng.choice(["a", "b"], 120)
        weight = np.where(y == "a", 5.0, 0.1)
        model = classifier().fit(X, y, sample_weight=weight)
        assert (model.predict(X) == "a").mean() > 0.9
        by_class = classifier(class_weight={"a": 0.1, "b": 5.0})
        assert (by_class.fit(X, y).predict(X) == "b").mean() > 0.9

    def test_what_diverges_is_left_out_and_shown(self, iris, monkeypatch):
        wild = dict(_space.SHAPES, wide={"learning_rate_init": 1e30})
        monkeypatch.setattr(_space, "SHAPES", wild)
        monkeypatch.setattr(
            _space, "PORTFOLIO", [("standard", "plain", {}), ("standard", "wide", {})]
        )
        monkeypatch.setattr(_space, "DECAY", {"solver": "sgd"})
        monkeypatch.setattr("sknnreg._cv._plan.most_epochs", lambda n_rows: 6)
        model = classifier(n_candidates=2, max_iter=None).fit(*iris)
        assert model.cv_results_["weight"].tolist() == [1.0, 0.0]
        assert np.isnan(model.cv_results_["mean_test_score"][1])
        monkeypatch.setattr(_space, "PORTFOLIO", [("standard", "wide", {})])
        with pytest.raises(ValueError, match="every network diverged"):
            classifier(n_candidates=1).fit(*iris)

    def test_tells_how_far_it_is(self, iris, capsys):
        classifier(verbose=1).fit(*iris)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) >= 3
        assert "4 candidates on folds 1 to 1 of 3" in lines[0]


class TestInterface:
    @needs_callbacks
    def test_callbacks_follow(self, iris):
        seen = []

        class Watching(Callback):
            def on_fit_task_begin(self, estimator, context):
                seen.append(context.task_name)

        classifier(n_candidates=2).set_callbacks(Watching()).fit(*iris)
        assert seen[0] == "fit"
        assert seen.count("2 candidates on folds 1 to 1 of 3") == 1
        assert sum(name.startswith("fold ") for name in seen) == 6

    def test_inside_scikit_learn(self, diabetes):
        X, y = diabetes
        inner = TransformedTargetRegressor(regressor(), transformer=StandardScaler())
        scores = cross_val_score(make_pipeline(StandardScaler(), inner), X, y, cv=2)
        assert (scores > 0).all()

    @pytest.mark.parametrize(
        ("name", "value"),
        [("max_time", 0), ("n_candidates", 0), ("dtype", "float16"), ("cv", "five")],
    )
    def test_wrong_parameters_are_named(self, iris, name, value):
        with pytest.raises(ValueError, match=name):
            classifier(**{name: value}).fit(*iris)

    def test_a_failed_fit_loses_nothing(self, iris):
        X, y = iris
        model = classifier().fit(X, y)
        before = model.predict_proba(X)
        with pytest.raises(ValueError, match="infinity"):
            model.fit(np.full((150, 2), np.inf), np.where(y == "a", "d", y))
        assert_array_equal(model.predict_proba(X), before)
        assert_array_equal(model.predict(X[:1]), ["a"])

    def test_pickles_and_clones(self, iris):
        X, y = iris
        model = classifier().fit(X, y)
        again = pickle.loads(pickle.dumps(model))
        assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        assert not hasattr(clone(model), "ensemble_")
        for unfitted in (classifier(cv=5), regressor(cv=5)):
            again = pickle.loads(pickle.dumps(unfitted))
            assert again.get_params() == unfitted.get_params()
            assert not hasattr(again, "ensemble_")

    def test_y_is_needed(self, iris):
        with pytest.raises(ValueError, match="requires y"):
            classifier().fit(iris[0], None)
