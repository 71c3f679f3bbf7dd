"""Path, one-standard-error rule and the ready search space."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    ParameterSampler,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, scale

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.model_selection import (
    FusedGridSearchCV,
    FusedHalvingSearchCV,
    FusedRandomizedSearchCV,
    one_standard_error,
    regularization_cocktail,
    regularization_path,
)
from tests.factories import however_it_ends, nothing_left
from tests.model_selection.factories import groups_of

pytestmark = [however_it_ends, nothing_left]

X, y = load_diabetes(return_X_y=True)
MODEL = TransformedTargetRegressor(
    make_pipeline(
        StandardScaler(),
        MLPRegressorScratch(
            hidden_layer_sizes=(10,),
            penalty="l1",
            solver="adam",
            learning_rate_init=0.01,
            max_iter=60,
            random_state=0,
        ),
    ),
    transformer=StandardScaler(),
)


def test_path():
    values = [1e-4, 1e-2, 0.03, 0.1, 3.0]
    path = regularization_path(MODEL, X, y, values=values, cv=3)
    assert path.scores.shape == (5, 3)
    assert path.weight_norms.shape == (5, 2)
    assert (np.diff(path.zero_share) > 0).all() and path.zero_share[-1] == 1
    assert (np.diff(path.weight_norms[:, 0]) < 0).all()
    assert path.best_index == np.argmax(path.mean_score)
    assert path.best_index_1se >= path.best_index
    name = "regressor__mlpregressorscratch__alpha"
    for value, scores in zip(values, path.scores, strict=True):
        model = MODEL.set_params(**{name: value})
        assert_allclose(scores, cross_val_score(model, X, y, cv=3), rtol=1e-9)


def test_path_of_inputs_and_the_simpler_model():
    """What is left of the inputs, by name, and the model fitted to all rows."""
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=load_diabetes().feature_names)
    frame["noise"] = np.random.default_rng(0).normal(size=len(y))
    group = {"penalty": "group_l1", "l1_ratio": 0.9}
    model = clone(MODEL)
    model.regressor[-1].set_params(**group)
    values = [1e-4, 0.02, 0.05, 5.0]
    path = regularization_path(model, frame, y, values=values, cv=3)
    assert path.param == "regressor__mlpregressorscratch__alpha"
    assert path.feature_names.tolist() == list(frame.columns)
    assert path.input_norms.shape == (4, 11)
    assert path.n_inputs_kept[0] == 11 and path.n_inputs_kept[-1] == 0
    assert (np.diff(path.n_inputs_kept) <= 0).all()
    simple = values[path.best_index_1se]
    expected = model.set_params(**{path.param: simple}).fit(frame, y)
    assert_allclose(path.estimator_1se.predict(frame), expected.predict(frame))
    norms = expected.regressor_[-1].feature_importances_
    assert path.inputs_kept.tolist() == frame.columns[norms > 0].tolist()
    assert "bmi" in path.inputs_kept and len(path.inputs_kept) < 11
    assert f"within one standard error {simple}" in repr(path)


def test_path_measures_each_fold():
    """Means over the fits of the folds, of the estimators themselves."""
    values, splits = [0.01, 0.1], list(KFold(3).split(X))
    path = regularization_path(MODEL, X, y, values=values, cv=3, refit=False)
    for i, value in enumerate(values):
        model = clone(MODEL).set_params(**{path.param: value})
        fits = [clone(model).fit(X[t], y[t]).regressor_[-1] for t, _ in splits]
        weights = [np.concatenate([W.ravel() for W in fit.coefs_]) for fit in fits]
        zeros = np.mean([np.mean(w == 0) for w in weights])
        assert path.zero_share[i] == pytest.approx(zeros)
        norms = np.mean([fit.feature_importances_ for fit in fits], axis=0)
        assert_allclose(path.input_norms[i], norms, rtol=1e-9)
        kept = np.mean([(fit.feature_importances_ > 0).sum() for fit in fits])
        assert path.n_inputs_kept[i] == pytest.approx(kept)
        layers = np.mean([np.linalg.norm(fit.coefs_[1]) for fit in fits])
        assert path.weight_norms[i, 1] == pytest.approx(layers)
    assert path.feature_names.tolist() == [f"x{i}" for i in range(10)]
    assert path.estimator_1se is None
    with pytest.raises(AttributeError, match="refit=True"):
        path.inputs_kept  # noqa: B018


def test_folds_with_different_inputs_and_values_of_different_lengths():
    """What cannot be averaged is left out, not an error after all fits."""
    pd = pytest.importorskip("pandas")
    rows = np.arange(60)
    frame = pd.DataFrame({"word": [f"w{i // 3}" for i in rows], "x": X[:60, 2]})
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["word"]), (StandardScaler(), ["x"])
    )
    network = MLPRegressorScratch(hidden_layer_sizes=(4,), max_iter=3, penalty="l1")
    model = make_pipeline(columns, network)
    cv = [(rows[:40], rows[40:]), (rows[10:], rows[:10])]
    path = regularization_path(
        model, frame, y[:60] / 80, values=[0.01, [0.1, 0.2]], cv=cv
    )
    assert path.input_norms is None
    assert path.n_inputs_kept.shape == path.zero_share.shape == (2,)
    assert len(path.feature_names) == 21
    assert path.param_values[1] == [0.1, 0.2]


def test_path_of_residual_networks_counts_their_shortcuts():
    network = MLPRegressorScratch(
        hidden_layer_sizes=(4,), residual=True, penalty="group_l1", max_iter=60
    ).set_params(learning_rate_init=0.05, random_state=0)
    t = (y - y.mean()) / y.std()
    path = regularization_path(network, scale(X), t, values=[0.3], cv=2)
    fitted = [clone(network).set_params(alpha=0.3) for _ in range(2)]
    for each, (train, _) in zip(fitted, KFold(2).split(X), strict=True):
        each.fit(scale(X)[train], t[train])
    norms = np.mean([each.history_["weight_norm_0"][-1] for each in fitted])
    assert path.weight_norms[0, 0] == pytest.approx(norms)
    zeros = np.mean([each.summary().zero_share for each in fitted])
    assert path.zero_share[0] == pytest.approx(zeros)


def test_path_takes_one_metric():
    with pytest.raises(ValueError, match="one metric"):
        regularization_path(MODEL, X, y, scoring=["r2"])


def test_path_in_parallel_and_verbose(capsys):
    values = [0.01, 0.1]
    one = regularization_path(MODEL, X, y, values=values, cv=3)
    two = regularization_path(MODEL, X, y, values=values, cv=3, n_jobs=2, verbose=2)
    assert_allclose(one.scores, two.scores)
    assert_allclose(one.input_norms, two.input_norms)
    out = capsys.readouterr().out
    assert len(re.findall(r"END \.+regressor__mlpregressorscratch__alpha", out)) == 6


def test_path_of_any_number():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifierScratch((8,), max_iter=10, random_state=0)
    path = regularization_path(
        model, X, y, param="dropout", values=[0.0, 0.3], cv=2, scoring="neg_log_loss"
    )
    assert (path.scores < 0).all()
    assert regularization_path(model, X, y, cv=2).param_values.shape == (13,)
    with pytest.raises(ValueError, match="needs an MLP"):
        regularization_path(Ridge(), X, y)
    with pytest.raises(ValueError, match="alpha"):
        regularization_path(model, X, y, values=[-1.0], cv=2)


def results(mean, std, n_splits=5, **columns):
    names = list(columns)
    params = [
        dict(zip(names, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]
    splits = {f"split{i}_test_score": np.array(mean) for i in range(n_splits)}
    return splits | {
        "mean_test_score": np.array(mean),
        "std_test_score": np.array(std),
        "params": params,
    }


def test_one_standard_error():
    # the standard error of the best is 0.1 / √4 = 0.05
    table = results([0.7, 0.88, 0.9, 0.86, 0.8], [0.1] * 5, mlp__alpha=[0, 1, 2, 3, 4])
    assert one_standard_error(table) == 3
    table = results([0.9, 0.89, 0.88], [0.1] * 3, dropout=[0.1, 0.3, (0.1, 0.1)])
    assert one_standard_error(table) == 1
    table = results([0.9, 0.89], [0.1] * 2, max_norm=[None, 1.0])
    assert one_standard_error(table) == 1
    table = results([0.88, 0.9], [0.1] * 2, hidden_layer_sizes=[(5,), (100,)])
    assert one_standard_error(table) == 0
    table = results([0.88, 0.9], [0.1] * 2, activation=["relu", "tanh"])
    assert one_standard_error(table) == 1
    table = results([np.nan, 0.9, np.nan], [0.1] * 3, alpha=[2, 1, 3])
    assert one_standard_error(table) == 1
    assert one_standard_error(results([np.nan], [np.nan], alpha=[1])) == 0
    # a strength without a penalty is none
    table = results([0.89, 0.9], [0.1] * 2, alpha=[9, 1], penalty=[None, "l2"])
    assert one_standard_error(table) == 1
    table = results([0.89, 0.9], [0.1] * 2, m__alpha=[9, 1], m__penalty=["l1", "l2"])
    assert one_standard_error(table) == 0


def test_refit_1se():
    grid = {"regressor__mlpregressorscratch__alpha": [1e-4, 1e-2, 0.03, 0.1]}
    best = FusedGridSearchCV(MODEL, grid, cv=5).fit(X, y)
    simple = FusedGridSearchCV(MODEL, grid, cv=5, refit="1se").fit(X, y)
    theirs = GridSearchCV(MODEL, grid, cv=5, refit=one_standard_error).fit(X, y)
    assert simple.best_index_ == theirs.best_index_ > best.best_index_
    assert simple.best_score_ <= best.best_score_
    assert_array_equal(simple.predict(X), theirs.predict(X))
    with pytest.raises(ValueError, match="1se"):
        FusedGridSearchCV(MODEL, grid, scoring=["r2"], refit="1se").fit(X, y)


@pytest.mark.parametrize(
    ("scoring", "wrong"),
    [(None, "r2"), ("r2", "2se"), (make_scorer(r2_score), "r2"), (["r2"], "R2")],
)
def test_refit_by_a_name_that_is_none(scoring, wrong):
    grid = {"regressor__mlpregressorscratch__alpha": [1e-4, 0.1]}
    search = FusedGridSearchCV(MODEL, grid, cv=2, scoring=scoring, refit=wrong)
    with pytest.raises(ValueError, match="refit"):
        search.fit(X, y)
    assert not hasattr(search, "cv_results_")


def test_refit_by_the_name_of_the_metric():
    grid = {"regressor__mlpregressorscratch__alpha": [1e-4, 0.1]}
    named, plain = (
        FusedGridSearchCV(MODEL, grid, cv=2, scoring="r2", refit=refit).fit(X, y)
        for refit in ("r2", True)
    )
    assert named.best_index_ == plain.best_index_
    assert_array_equal(named.predict(X), plain.predict(X))


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_cocktail(task):
    kind = MLPRegressorScratch if task == "regression" else MLPClassifierScratch
    space = regularization_cocktail(task, prefix="mlp__")
    names = {name for part in space for name in part}
    assert all(name.startswith("mlp__") for name in names)
    assert ("mlp__label_smoothing" in names) == (task == "classification")
    space = regularization_cocktail(task)
    candidates = list(ParameterSampler(space, 60, random_state=0))
    groups, alone = groups_of(kind(random_state=0), candidates)
    assert not alone
    assert len(groups) == 2 * len(space)


def test_cocktail_is_searched():
    X, y = load_digits(n_class=4, return_X_y=True)
    model = MLPClassifierScratch(max_iter=2, random_state=0)
    space = regularization_cocktail("classification")
    search = FusedRandomizedSearchCV(model, space, n_iter=12, cv=2, random_state=0)
    assert search.fit(X / 16, y).best_score_ > 0.9
    with pytest.raises(ValueError, match="task must be one of"):
        regularization_cocktail("ranking")


def test_cocktail_hands_out_lists_of_its_own():
    space = regularization_cocktail("classification")
    space[0]["scoring"].append("accuracy")
    space[0]["learning_rate"].clear()
    for part in (*space[1:], *regularization_cocktail("regression")):
        assert part["scoring"] == ["loss"]
        assert part["learning_rate"] == ["cosine"]


@pytest.mark.parametrize(
    ("param", "values"),
    [
        ("hidden_layer_sizes", [(3,), (3, 3)]),
        ("hidden_layer_sizes", [(3,), (4,)]),
        ("alpha", [[0.1, 0.2], [0.3, 0.4]]),
        ("alpha", np.array([[0.1, 0.2], [0.3, 0.4]])),
        ("alpha", [0.1, [0.3, 0.4]]),
        ("activation", ["relu", "tanh"]),
    ],
    ids=str,
)
def test_path_over_shapes_and_lists(param, values):
    network = MLPRegressorScratch(hidden_layer_sizes=(3,), max_iter=2, random_state=0)
    path = regularization_path(network, X, y / 80, param=param, values=values, cv=2)
    assert path.param_values.shape == path.zero_share.shape == (2,)
    assert str(path.best_index) and param in repr(path)
    for value, given in zip(path.param_values, values, strict=True):
        assert_array_equal(value, given)


def test_path_with_weights_of_rows():
    network = MLPRegressorScratch(hidden_layer_sizes=(3,), max_iter=2, random_state=0)
    weight = np.linspace(0.1, 5, len(y))
    kwargs = {"values": [0.1, 1.0], "cv": 2}
    path = regularization_path(network, X, y / 80, sample_weight=weight, **kwargs)
    grid = GridSearchCV(network, {"alpha": [0.1, 1.0]}, cv=2)
    grid.fit(X, y / 80, sample_weight=weight)
    assert_allclose(path.mean_score, grid.cv_results_["mean_test_score"])
    plain = regularization_path(network, X, y / 80, **kwargs)
    assert (path.mean_score != plain.mean_score).all()


def two_scores(estimator, X, y):
    return {"one": 1.0, "two": 2.0}


def test_one_metric_is_asked_for_where_a_scorer_gives_several():
    network = MLPRegressorScratch(hidden_layer_sizes=(3,), max_iter=2, random_state=0)
    settings = {"cv": 2, "scoring": two_scores}
    with pytest.raises(ValueError, match=r"takes one metric.*several"):
        regularization_path(network, X, y / 80, values=[0.1, 1.0], **settings)
    search = FusedHalvingSearchCV(network, {"alpha": [0.1, 1.0]}, **settings)
    with pytest.raises(ValueError, match=r"chooses by one metric.*several"):
        search.fit(X, y / 80)
    several = FusedGridSearchCV(network, {"alpha": [0.1, 1.0]}, refit="one", **settings)
    with pytest.raises(ValueError, match="over one metric"):
        one_standard_error(several.fit(X, y / 80).cv_results_)


def test_one_standard_error_of_infinite_scores():
    table = results([-np.inf, -np.inf], [np.nan, np.nan], alpha=[1, 2])
    assert one_standard_error(table) == 1
    table = results([-np.inf, 0.5], [np.nan, 0.1], alpha=[2, 1])
    assert one_standard_error(table) == 1
    table = results([0.4, 0.5], [np.nan, np.nan], alpha=[2, 1])
    assert one_standard_error(table) == 1


@pytest.mark.parametrize("grid", [[], {"alpha": []}], ids=str)
def test_halving_over_nothing(grid):
    search = FusedHalvingSearchCV(MLPRegressorScratch(), grid)
    with pytest.raises(ValueError, match=r"no candidates|non-empty"):
        search.fit(X, y)
