"""Tables as users have them: a DataFrame of numbers and categories, holes in both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

ROWS = 5000


@dataclass(frozen=True)
class Table:
    """A data set: its numeric columns come first, then those of dtype category.

    At most ``rows`` are to train on, and as many to judge by.
    """

    name: str
    task: str
    X: pd.DataFrame
    y: np.ndarray
    n_numeric: int
    rows: int = ROWS

    @property
    def regression(self) -> bool:
        return self.task == "regression"

    @property
    def shape(self) -> tuple[int, int]:
        """How many columns are numeric, how many categorical."""
        return self.n_numeric, self.X.shape[1] - self.n_numeric

    @property
    def n_train(self) -> int:
        return min(self.rows, int(0.7 * len(self.y)))

    def split(self, seed: int, rows: int | None = None) -> list:
        """X_train, X_test, y_train, y_test; ``rows`` are fewer to train on."""
        return train_test_split(
            self.X,
            self.y,
            train_size=min(rows or self.n_train, self.n_train),
            test_size=min(self.rows, len(self.y) - self.n_train),
            stratify=None if self.regression else self.y,
            random_state=seed,
        )


def load(path: Path, rows: int = ROWS) -> Table:
    """What ``NAME.npz`` and ``NAME.json`` hold; an empty string is a hole."""
    data = np.load(path, allow_pickle=False)
    task = json.loads(path.with_suffix(".json").read_text())["task"]
    numbers, categories = data["X_num"], data["X_cat"]
    columns = {f"x{i}": column for i, column in enumerate(numbers.T)}
    for i, column in enumerate(categories.T):
        values = column.astype(object)
        values[values == ""] = None
        columns[f"c{i}"] = pd.Categorical(values)
    X, n_numeric = pd.DataFrame(columns), numbers.shape[1]
    return Table(path.stem, task, X, data["y"], n_numeric, rows)


def encoded():
    """Preparation for networks: standardized numbers and one-hot categories."""
    numbers = make_pipeline(
        FunctionTransformer(np.asarray, kw_args={"dtype": np.float64}),
        SimpleImputer(strategy="median"),
        StandardScaler(),
    )
    dummies = OneHotEncoder(
        max_categories=30, handle_unknown="infrequent_if_exist", sparse_output=False
    )
    parts = [
        ("numbers", numbers, make_column_selector(dtype_include="number")),
        ("categories", dummies, make_column_selector(dtype_include="category")),
    ]
    return make_pipeline(
        ColumnTransformer(parts),
        FunctionTransformer(np.asarray, kw_args={"dtype": np.float32}),
    )


def imputed():
    """Preparation for what takes categories but no holes among numbers."""
    numbers = make_column_selector(dtype_include="number")
    columns = ColumnTransformer(
        [("numbers", SimpleImputer(strategy="median"), numbers)],
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    return columns.set_output(transform="pandas")


def named_holes(X: pd.DataFrame) -> pd.DataFrame:
    """X with a hole among categories as a category of its own."""
    categories = X.select_dtypes("category").astype(object).fillna("")
    return X.assign(**categories)


def judge(model, X, y, table: Table) -> tuple[float, float | None]:
    """Loss, and share of errors (None for a regression)."""
    if table.regression:
        error = np.sqrt(np.mean((np.ravel(model.predict(X)) - y) ** 2)) / np.std(y)
        return float(error), None
    loss = log_loss(y, model.predict_proba(X), labels=model.classes_)
    return float(loss), float(np.mean(np.ravel(model.predict(X)) != y))
