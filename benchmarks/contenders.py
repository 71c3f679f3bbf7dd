"""Who is compared on tables: each a function of a table that makes an estimator."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from scipy.stats import loguniform
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks.tables import Table, encoded, imputed, named_holes
from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from sknnreg.model_selection import FusedHalvingSearchCV, regularization_cocktail

ALPHAS = [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0]
BOOSTING = {
    "learning_rate": loguniform(0.01, 0.3),
    "max_leaf_nodes": [7, 15, 31, 63, 127],
    "min_samples_leaf": [5, 10, 20, 40, 80],
    "l2_regularization": loguniform(1e-4, 100),
    "max_iter": [100, 200, 400, 800],
}


@dataclass(frozen=True)
class Contender:
    """What is compared under a name.

    ``needs`` are the names, ``module:attribute``, without which it is skipped; what
    takes many minutes a table is run only when it is asked for. ``backend`` is how ours
    are trained.
    """

    make: Callable[[Table, Any], Any]
    needs: tuple[str, ...] = ()
    by_default: bool = True
    backend: str = "numpy"

    def lacks(self) -> str | None:
        """The first of ``needs`` that is not there."""
        return next((name for name in self.needs if not exists(name)), None)


def exists(name: str) -> bool:
    module, _, attribute = name.partition(":")
    try:
        attrgetter(attribute)(importlib.import_module(module))
    except (ImportError, AttributeError):
        return False
    return True


def of_task(table: Table, module: str, name: str):
    """The regressor or classifier; ``{}`` in the name stands for either."""
    kind = name.format("Regressor" if table.regression else "Classifier")
    return getattr(importlib.import_module(module), kind)


def scoring(table: Table) -> str | None:
    return None if table.regression else "neg_log_loss"


def network(table: Table, mlp, columns=None):
    """A network with what it needs around it."""
    model = Pipeline([("columns", columns or encoded()), ("mlp", mlp)])
    if table.regression:
        return TransformedTargetRegressor(model, transformer=StandardScaler())
    return model


def inside(table: Table) -> str:
    """Prefix of the network's hyperparameters."""
    return "regressor__mlp__" if table.regression else "mlp__"


def ours(**settings):
    def make(table: Table, args):
        kind = MLPRegressorScratch if table.regression else MLPClassifierScratch
        return network(table, kind(random_state=0, **settings))

    return make


def cocktail(table: Table, args):
    """The cocktail, by successive halving within the budget."""
    # few rows are few steps an epoch: then more epochs
    more = max(1, round(10 * 128 / table.n_train))
    kind = MLPRegressorScratch if table.regression else MLPClassifierScratch
    wide = table.X.shape[1] >= 200
    return FusedHalvingSearchCV(
        network(table, kind(max_iter=args.epochs * more, random_state=0)),
        regularization_cocktail(table.task, prefix=inside(table)),
        n_candidates=args.candidates // 3 if wide else args.candidates,
        min_resources=8 * more,
        cv=5 if len(table.y) < 1000 else 3,
        scoring=scoring(table),
        n_jobs=args.jobs,
        random_state=0,
        return_train_score=False,
    )


def preset(numbers: str, **settings):
    """Our settings for tables, behind our preparation of them."""

    def make(table: Table, args):
        kind = of_task(table, "sknnreg", "MLP{}Scratch")
        # of very many columns each with many pieces nothing is learned in time
        way = "standard" if table.n_numeric > 100 else numbers
        preprocessor = of_task(table, "sknnreg.preprocessing", "TablePreprocessor")
        columns = preprocessor(way, **settings)
        return network(table, kind.for_tables(random_state=0), columns)

    return make


def cross_validated(table: Table, args):
    """Our search for tables, which prepares columns and target by itself."""
    kind = of_task(table, "sknnreg", "MLP{}ScratchCV")
    return kind(max_time=60, n_jobs=args.jobs, random_state=0)


def sklearn_mlp(table: Table, args):
    kind = MLPRegressor if table.regression else MLPClassifier
    return network(table, kind(random_state=0))


def sklearn_mlp_tuned(table: Table, args):
    grid = {inside(table) + "alpha": ALPHAS}
    model = sklearn_mlp(table, args)
    return GridSearchCV(model, grid, cv=3, n_jobs=args.jobs, scoring=scoring(table))


def boosting(table: Table, args):
    regression = table.regression
    trees = (
        HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    )
    return trees(random_state=0)


def boosting_tuned(table: Table, args):
    model = boosting(table, args).set_params(early_stopping=True, n_iter_no_change=20)
    return RandomizedSearchCV(
        model,
        BOOSTING,
        n_iter=20,
        cv=3,
        n_jobs=args.jobs,
        scoring=scoring(table),
        random_state=0,
    )


def lightgbm(table: Table, args):
    kind = of_task(table, "lightgbm", "LGBM{}")
    return kind(random_state=0, n_jobs=args.jobs, verbose=-1)


def catboost(table: Table, args):
    model = of_task(table, "catboost", "CatBoost{}")(
        cat_features=list(table.X.columns[table.n_numeric :]),
        random_seed=0,
        thread_count=args.jobs,
        verbose=False,
        allow_writing_files=False,
    )
    return make_pipeline(FunctionTransformer(named_holes), model)


def pytabkit(name: str, **for_log_loss):
    """A network of pytabkit, told when probabilities are judged."""

    def make(table: Table, args):
        settings = {} if table.regression else for_log_loss
        model = of_task(table, "pytabkit", name + "_{}")(
            device="cpu", random_state=0, n_threads=args.jobs, verbosity=0, **settings
        )
        return make_pipeline(imputed(), model)

    return make


CONTENDERS = {
    "ours": Contender(ours()),
    "ours, early stopping": Contender(ours(early_stopping=True)),
    "ours, preset": Contender(
        preset("piecewise"),
        (
            "sknnreg.preprocessing:TablePreprocessor",
            "sknnreg:MLPClassifierScratch.for_tables",
            "sknnreg:MLPRegressorScratch.for_tables",
        ),
    ),
    **{
        f"ours, preset, {name}": Contender(make, by_default=False)
        for name, make in {
            "standard": preset("standard"),
            "robust": preset("robust"),
            "quantile": preset("quantile"),
            "fine": preset("piecewise", n_bins=64),
        }.items()
    },
    "ours, cocktail": Contender(cocktail),
    "ours, CV": Contender(
        cross_validated,
        ("sknnreg:MLPClassifierScratchCV", "sknnreg:MLPRegressorScratchCV"),
    ),
    "ours, CV, compiled": Contender(cross_validated, ("numba:njit",), backend="auto"),
    "sklearn MLP": Contender(sklearn_mlp),
    "sklearn MLP, tuned": Contender(sklearn_mlp_tuned),
    "HistGradientBoosting": Contender(boosting),
    "HistGradientBoosting, tuned": Contender(boosting_tuned),
    "LightGBM": Contender(lightgbm, ("lightgbm:LGBMClassifier",)),
    "CatBoost": Contender(catboost, ("catboost:CatBoostClassifier",)),
    "RealMLP-TD-S": Contender(
        pytabkit("RealMLP_TD_S", val_metric_name="cross_entropy", use_ls=False),
        ("pytabkit:RealMLP_TD_S_Classifier",),
    ),
    "RealMLP-TD": Contender(
        pytabkit("RealMLP_TD", val_metric_name="cross_entropy", use_ls=False),
        ("pytabkit:RealMLP_TD_Classifier",),
    ),
    "TabM-D": Contender(
        pytabkit("TabM_D", val_metric_name="cross_entropy"),
        ("pytabkit:TabM_D_Classifier",),
        by_default=False,
    ),
}
