"""What is seen of a search while it runs: callbacks, lines, and how training went."""

import re
import warnings

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg.callbacks import Callback, TimeLimit
from sknnreg.model_selection import (
    FusedGridSearchCV,
    FusedHalvingSearchCV,
    FusedRandomizedSearchCV,
)
from tests.factories import (
    classifier,
    however_it_ends,
    needs_callbacks,
    regressor,
)
from tests.model_selection.factories import CLASSES, LINE, X, inside

pytestmark = however_it_ends

GRID = {"alpha": [0.01, 0.1, 1.0], "activation": ["relu", "tanh"]}


class Notes(Callback):
    """Notes where each task lies, by the names on the way to it."""

    def __init__(self):
        self.begun, self.ended, self.parts = [], [], {}

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(path(context))
        self.parts[path(context)] = context.max_subtasks

    def on_fit_task_end(self, estimator, context):
        self.ended.append(path(context))

    def count(self, *names):
        return sum(p[-len(names) :] == names for p in self.ended)


class Tree(Notes):
    """The same, handed down to what is inside."""

    max_propagation_depth = None


def path(context):
    above = () if context.parent is None else path(context.parent)
    return (*above, context.task_name)


@needs_callbacks
def test_tasks_of_a_search():
    tree = Tree()
    search = FusedGridSearchCV(classifier(max_iter=4), GRID, cv=2)
    search.set_callbacks(tree).fit(X, CLASSES)
    assert sorted(tree.begun) == sorted(tree.ended)
    for fold in (1, 2):
        stack = ("fit", "search", f"stack of 3 on fold {fold}")
        assert tree.count(*stack) == 2  # one an activation
        assert tree.count(*stack, "epoch") == 8
        assert tree.count(*stack, "3 of 3 candidates still train") == 2
        assert tree.count(*stack, "all 3 candidates trained") == 2
    assert tree.count("fit", "search") == tree.ended.count(("fit",)) == 1
    # the best network is followed like any other
    assert tree.count("fit", "fit", "epoch") == 4


@needs_callbacks
@pytest.mark.parametrize("refit", [True, False])
def test_tasks_say_of_how_many_parts_they_are(refit):
    """By which a bar knows its length: as many as there are in the end."""
    tree = Tree()
    grid = [GRID, {"solver": ["lbfgs"], "alpha": [0.1, 0.2]}, {"batch_size": [9]}]
    search = FusedGridSearchCV(classifier(max_iter=2), grid, cv=2, refit=refit)
    search.set_callbacks(tree).fit(X, CLASSES)
    for task in (("fit",), ("fit", "search")):
        below = [p for p in tree.begun if p[:-1] == task]
        assert tree.parts[task] == len(below)
    # two activations, two that are fitted alone, a batch size; on two folds each
    assert tree.parts["fit", "search"] == 10
    # two epochs, and what says how many still train
    assert tree.parts["fit", "search", "stack of 1 on fold 2"] == 3


@needs_callbacks
def test_a_stack_says_how_many_still_train():
    tree = Tree()
    grid = {"alpha": [1e-4, 10.0], "learning_rate_init": [1e-3, 0.5]}
    network = classifier(early_stopping=True, max_iter=60, n_iter_no_change=3)
    FusedGridSearchCV(network, grid, cv=2, refit=False).set_callbacks(tree).fit(
        X, CLASSES
    )
    numbers = [int(p[-1][0]) for p in tree.begun if p[-1].endswith("still train")]
    assert numbers[0] == 4
    assert len(set(numbers)) > 2
    falls = np.diff(numbers) < 0
    assert falls.sum() == len(falls) - 1  # but from one fold to the other


@needs_callbacks
def test_tasks_of_halving():
    tree = Tree()
    search = FusedHalvingSearchCV(
        classifier(max_iter=9), {"alpha": [0.01, 0.1, 1.0]}, cv=2, random_state=0
    )
    search.set_callbacks(tree).fit(X, CLASSES)
    assert tree.count("search", "halving-iteration") == len(search.n_resources_) == 2
    assert tree.count("halving-iteration", "stack of 3 on fold 1") == 1
    assert tree.count("halving-iteration", "stack of 1 on fold 2") == 1
    # the second iteration goes on with the first
    assert tree.count("stack of 3 on fold 1", "epoch") == 3
    assert tree.count("stack of 1 on fold 1", "epoch") == 6
    above = ("fit", "search", "halving-iteration")
    assert tree.parts[*above, "stack of 3 on fold 1"] == 3 + 1
    assert tree.parts[*above, "stack of 1 on fold 1"] == 6 + 1


@needs_callbacks
def test_what_is_fitted_alone_is_followed_as_in_scikit_learn():
    ours, theirs = Tree(), Tree()
    for kind, tree in ((FusedGridSearchCV, ours), (GridSearchCV, theirs)):
        network = make_pipeline(StandardScaler(), classifier(solver="lbfgs"))
        grid = inside("mlpclassifierscratch", {"alpha": [0.01, 0.1]})
        kind(network, grid, cv=2).set_callbacks(tree).fit(X, CLASSES)
    assert ours.ended == theirs.ended


@needs_callbacks
def test_a_transformed_target_is_followed_too():
    """scikit-learn's own search hands nothing on to it."""
    tree = Tree()
    model = TransformedTargetRegressor(regressor(), transformer=StandardScaler())
    search = FusedGridSearchCV(model, inside("regressor", {"alpha": [0.1, 1]}), cv=2)
    search.set_callbacks(tree).fit(X, LINE)
    assert tree.count("stack of 2 on fold 1", "epoch") == 5
    assert tree.count("fit", "refit-with-best-params") == 1


@needs_callbacks
@pytest.mark.parametrize("where", ["network", "pipeline"])
def test_callbacks_of_a_network_follow_it_alone(where):
    """Each candidate is a fit of its own, as in scikit-learn's search."""
    counts = []
    for kind in (FusedGridSearchCV, GridSearchCV):
        tree = Notes()
        network = classifier()
        model = make_pipeline(StandardScaler(), network)
        (network if where == "network" else model).set_callbacks(tree)
        grid = inside("mlpclassifierscratch", {"alpha": [0.01, 0.1]})
        kind(model, grid, cv=2).fit(X, CLASSES)
        counts.append(sorted(tree.ended))
    assert counts[0] == counts[1] != []


@needs_callbacks
def test_a_stack_that_fails_once_is_tried_again():
    """Each candidate's fit for itself, as without callbacks."""
    scores = []
    for callbacks in ([], [Tree()]):
        steps = []

        def once(step, steps=steps):
            steps.append(step)
            if len(steps) == 9:
                raise RuntimeError("a mistake")
            return 0.01

        search = FusedGridSearchCV(
            classifier(learning_rate=once), {"alpha": [0.1, 1, 2]}, cv=2, refit=False
        )
        if callbacks:
            search.set_callbacks(*callbacks)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            search.fit(X, CLASSES)
        scores.append(search.cv_results_["mean_test_score"])
    assert np.isnan(scores[0]).sum() == 1
    np.testing.assert_array_equal(*scores)


@needs_callbacks
def test_an_iteration_of_halving_that_trains_no_further(capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    search = FusedHalvingSearchCV(
        classifier(max_iter=5),
        {"alpha": [0.1, 1, 2, 3, 4, 5, 6, 7]},
        cv=2,
        factor=2,
        min_resources=2,
        aggressive_elimination=True,
        random_state=0,
    )
    search.set_callbacks(ProgressBar()).fit(X, CLASSES)
    assert search.n_resources_ == [2, 2, 2, 4]


@needs_callbacks
def test_callbacks_do_not_change_results():
    grid = {"alpha": [0.01, 0.1, 1.0], "dropout": [0.1, 0.3]}
    plain = FusedGridSearchCV(classifier(), grid, cv=2).fit(X, CLASSES)
    followed = FusedGridSearchCV(classifier(), grid, cv=2)
    followed.set_callbacks(Tree()).fit(X, CLASSES)
    for fold in ("split0", "split1"):
        name = f"{fold}_test_score"
        assert (plain.cv_results_[name] == followed.cv_results_[name]).all()


@needs_callbacks
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_progress_bar_hears_from_workers(capsys, backend):
    pytest.importorskip("rich").reconfigure(width=160)
    from sklearn.callback import ProgressBar

    search = FusedGridSearchCV(classifier(), GRID, cv=2).set_callbacks(ProgressBar())
    with parallel_config(backend, n_jobs=2):
        search.fit(X, CLASSES)
    out = capsys.readouterr().out
    assert re.search(r"stack of 3 on fold 2 #\d", out)
    assert "100%" in out


@needs_callbacks
def test_a_time_limit_on_a_search():
    """What has begun is scored after the epoch, the rest trains for one."""
    endless = classifier(max_iter=10**6, n_iter_no_change=np.inf)
    search = FusedGridSearchCV(endless, GRID, cv=2, refit=False)
    with pytest.warns(UserWarning, match="stopped 12 of 12 fits before their end"):
        search.set_callbacks(TimeLimit(1)).fit(X, CLASSES)
    n_iter = search.cv_results_["mean_n_iter"]
    assert n_iter.max() > n_iter.min() == 1
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# Lines


def lines(capsys, verbose, search=FusedGridSearchCV, grid=GRID, **params):
    model = search(classifier(), grid, cv=2, verbose=verbose, refit=False, **params)
    model.fit(X, CLASSES)
    return capsys.readouterr().out.splitlines(), model.cv_results_


def test_verbose_0_and_1(capsys):
    assert lines(capsys, 0)[0] == []
    out, _ = lines(capsys, 1)
    assert out[0] == "Fitting 2 folds for each of 6 candidates, totalling 12 fits"
    assert re.fullmatch(r"12/12 fits, \d+\.\d s elapsed", out[-1])


def test_verbose_says_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr("sknnreg.model_selection._follow.PAUSE", 0)
    out, _ = lines(capsys, 1)
    for i, line in enumerate(out[1:-1], 1):
        assert re.fullmatch(rf"{i}/12 fits, .* s elapsed, about \d+ s to go", line)


def test_verbose_2_is_a_line_for_each_candidate_and_fold(capsys):
    out, _ = lines(capsys, 2)
    ends = [line for line in out if line.startswith("[CV] END ")]
    assert len(ends) == 12
    assert sum("activation=relu, alpha=0.01; total time=" in line for line in ends) == 2


@pytest.mark.parametrize("in_training", [False, True])
def test_verbose_3_says_scores_as_scikit_learn_does(capsys, in_training):
    params = {"return_train_score": in_training}
    out, results = lines(capsys, 3, **params)
    settings = {"cv": 2, "verbose": 3, "refit": False} | params
    GridSearchCV(classifier(), GRID, **settings).fit(X, CLASSES)
    theirs = capsys.readouterr().out.splitlines()

    def without_time(printed):
        found = [re.sub(r"\.{2,}| total.*", "", line) for line in printed]
        return sorted(line for line in found if line.startswith("[CV"))

    assert without_time(out) == without_time(theirs)
    score = results["split1_test_score"][0]
    assert any("[CV 2/2]" in line and f"{score:.3f}" in line for line in out)


def test_verbose_4_numbers_candidates_and_says_when_they_begin(capsys):
    out, _ = lines(capsys, 4, return_train_score=True, scoring=["accuracy"])
    begun = [line for line in out if "START" in line]
    assert len(begun) == 12
    assert begun[0].startswith("[CV 1/2; 1/6] START activation=relu, alpha=0.01")
    assert re.search(r"\[CV 2/2; 6/6\] END .* accuracy: \(train=0\.", "\n".join(out))


def test_what_takes_longest_is_begun_first(capsys):
    """So that at the end no worker waits long for another."""
    grid = {"alpha": [0.1, 0.2, 0.3], "hidden_layer_sizes": [(4,), (9,)]}
    out, _ = lines(capsys, 4, grid=grid)
    begun = [re.search(r"sizes=\((\d)", line)[1] for line in out if "START" in line]
    assert begun == 6 * ["9"] + 6 * ["4"]


def test_verbose_of_halving_speaks_before_and_after_an_iteration(capsys):
    grid = {"alpha": [0.01], "learning_rate_init": [0.001, 0.03, 0.01, 0.003]}
    search = FusedHalvingSearchCV(classifier(max_iter=9), grid, cv=2, verbose=1)
    search.fit(X, CLASSES)
    out = capsys.readouterr().out.splitlines()
    before = [line for line in out if "epochs" in line]
    assert before[0] == out[0] == "iter 1/2: 4 candidates, 3 epochs"
    assert before[1] == "iter 2/2: 2 candidates, 9 epochs"
    scores = search.cv_results_["mean_test_score"][:4]
    best = grid["learning_rate_init"][scores.argmax()]
    assert (scores == scores.max()).sum() == 1
    after = [line for line in out if "remain" in line]
    assert after[0] == (
        f"iter 1/2: best mean score {scores.max():.4f} with alpha=0.01, "
        f"learning_rate_init={best}; 2 of 4 remain"
    )
    assert after[1].startswith("iter 2/2") and after[1].endswith("; 1 of 2 remain")


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_lines_come_from_the_main_process(capsys, backend):
    """Where they can be captured, and seen in a notebook."""
    with parallel_config(backend, n_jobs=2):
        out, _ = lines(capsys, 3)
    assert sum(line.startswith("[CV ") for line in out) == 12


def test_failures_are_said(capsys):
    grid = {"alpha": [0.1], "learning_rate_init": [0.01, 1e150], "solver": ["sgd"]}
    with pytest.warns(match="fits failed|non-finite"):
        out, results = lines(capsys, 3, grid=grid)
    assert any("score=nan" in line for line in out)
    assert np.isnan(results["mean_n_iter"]).tolist() == [False, True]


# How training went


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_cv_results_tell_epochs_and_histories(solver):
    """Whether candidates are trained together or alone."""
    network = classifier(
        solver=solver, early_stopping=True, n_iter_no_change=2, max_iter=30
    )
    model = make_pipeline(StandardScaler(), network)
    name = "mlpclassifierscratch__alpha"
    search = FusedGridSearchCV(model, {name: [0.01, 10.0]}, cv=3, return_history=True)
    results = search.fit(X, CLASSES).cv_results_
    for i in range(3):
        histories = results[f"split{i}_history"]
        n_iter = [len(history["loss"]) for history in histories]
        assert results[f"split{i}_n_iter"].tolist() == n_iter
        best = [1 + np.argmax(h["validation_score"]) for h in histories]
        assert results[f"split{i}_best_iter"].tolist() == best
    mean = np.mean([results[f"split{i}_n_iter"] for i in range(3)], axis=0)
    assert results["mean_n_iter"].tolist() == mean.tolist()


@pytest.mark.parametrize(
    "search",
    [
        lambda model, grid: FusedRandomizedSearchCV(
            model, grid, n_iter=2, return_history=True, random_state=0, cv=2
        ),
        lambda model, grid: FusedHalvingSearchCV(
            model, grid, return_history=True, random_state=0, cv=2
        ),
    ],
)
def test_every_search_keeps_histories(search):
    search = search(classifier(max_iter=9), {"alpha": [0.01, 0.1, 1.0]})
    results = search.fit(X, CLASSES).cv_results_
    for i in range(2):
        lengths = [len(h["loss"]) for h in results[f"split{i}_history"]]
        assert lengths == results[f"split{i}_n_iter"].tolist()


def test_other_estimators_have_no_epochs():
    search = FusedGridSearchCV(
        LogisticRegression(), {"C": [0.1, 1]}, cv=2, return_history=True
    ).fit(X, CLASSES)
    assert not [name for name in search.cv_results_ if "iter" in name]
    assert search.cv_results_["split0_history"].tolist() == [None, None]


def test_without_return_history_there_is_none():
    search = FusedGridSearchCV(classifier(), {"alpha": [0.1]}, cv=2).fit(X, CLASSES)
    assert not [name for name in search.cv_results_ if "history" in name]
