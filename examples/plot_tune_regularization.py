"""
===========================================
Tuning the regularization of neural network
===========================================
"""

# %%
import sys
import warnings
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    RepeatedKFold,
    StratifiedShuffleSplit,
    cross_validate,
    validation_curve,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
import time
T0=time.time()
warnings.filterwarnings("ignore", category=ConvergenceWarning)

GRID = {
    "penalty": ["l1", "l2", "elasticnet"],
    "alpha": [0, 0.003, 0.01, 0.03, 0.1],
    "dropout": [0, 0.2, 0.4],
}
SET = dict(hidden_layer_sizes=(64, 64), batch_size=64, learning_rate_init=0.01, max_iter=40, random_state=0)

def in_pipeline(estimator):
    model = Pipeline([("scale", StandardScaler()), ("model", estimator)])
    if is_regressor(estimator):
        return TransformedTargetRegressor(model, transformer=StandardScaler())
    return model

for name, load, M, lin, sk, cv in [
  ("digits", load_digits, MLPClassifierScratch, LogisticRegression(), MLPClassifier(random_state=0), StratifiedShuffleSplit(10, train_size=250, random_state=0)),
  ("diabetes", load_diabetes, MLPRegressorScratch, Ridge(), MLPRegressor(random_state=0), RepeatedKFold(n_splits=5, n_repeats=2, random_state=0)),
]:
    X, y = load(return_X_y=True); X = X.astype(np.float32)
    base = M(**SET, penalty=None)
    pre = "regressor__model__" if name == "diabetes" else "model__"
    rows = dict(none={}, l1=dict(penalty="l1", alpha=.01), l2=dict(penalty="l2", alpha=.01), en=dict(penalty="elasticnet", alpha=.01), drop=dict(dropout=.2), es=dict(early_stopping=True))
    models = {k: in_pipeline(clone(base).set_params(**v)) for k, v in rows.items()}
    search = GridSearchCV(in_pipeline(base), {pre + k: v for k, v in GRID.items()}, cv=3, n_jobs=2)
    models["tuned"] = search
    models["sk"] = in_pipeline(sk); models["lin"] = in_pipeline(lin)
    ref = None
    for k, m in models.items():
        t = time.time()
        r = cross_validate(m, X, y, cv=cv, return_train_score=True, return_estimator=True)
        if ref is None: ref = r["test_score"]
        print(f"{name:10}{k:8}{r['test_score'].mean():.4f} ± {r['test_score'].std():.4f} {r['train_score'].mean():.4f} wins {(r['test_score']>ref).sum()} d={np.mean(r['test_score']-ref):.4f} fit {r['fit_time'].mean():.3f} total {time.time()-t:.1f}", flush=True)
        if k == "tuned":
            for e in r["estimator"]: print("    ", {a.split("__")[-1]: b for a, b in e.best_params_.items()})
print(time.time()-T0)
