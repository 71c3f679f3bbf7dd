"""What each technique alone is worth: ``python -m benchmarks.regularization``.

On 20 random splits of two small real data sets that scikit-learn bundles: digits with
150 training rows (log loss and accuracy), and diabetes (RMSE over the target's standard
deviation, R²). Each technique has five strengths; the best one is chosen by the mean
loss on the first ten splits, and the figures are those of the *other* ten, so that
choosing among five flatters nobody. Differences are paired by split: technique minus
none, negative is better.
"""

from __future__ import annotations

import warnings

import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import load_diabetes, load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sknnreg import MLPClassifierScratch, MLPRegressorScratch

N_SPLITS = 20
COMMON = {
    "hidden_layer_sizes": (100, 100),
    "learning_rate_init": 3e-3,
    "batch_size": 32,
    "max_iter": 100,
    "n_iter_no_change": np.inf,
    "penalty": None,
}
ALPHAS = [1e-4, 1e-3, 1e-2, 3e-2, 1e-1]


def strengths(name, values, **fixed):
    return [{name: value, **fixed} for value in values]


TECHNIQUES = {
    "none": [{}],
    "L2": strengths("alpha", [1e-3, 1e-2, 1e-1, 0.3, 1.0], penalty="l2"),
    "L1": strengths("alpha", ALPHAS, penalty="l1"),
    "elastic net": strengths("alpha", ALPHAS, penalty="elasticnet"),
    "group lasso": strengths("alpha", ALPHAS, penalty="group_l1"),
    "decoupled decay": strengths(
        "alpha", [0.1, 0.3, 1.0, 3.0, 10.0], penalty="l2", solver="adamw"
    ),
    "max-norm": strengths("max_norm", [0.5, 0.75, 1.0, 1.5, 2.0]),
    "dropout": strengths("dropout", [0.1, 0.2, 0.35, 0.5, 0.7]),
    "input dropout": strengths("input_dropout", [0.05, 0.1, 0.2, 0.3, 0.5]),
    "input noise": strengths("input_noise", [0.1, 0.2, 0.4, 0.7, 1.0]),
    "early stopping": strengths(
        "validation_fraction", [0.1, 0.15, 0.2, 0.25, 0.3], early_stopping=True
    ),
    "batch norm": strengths("batch_size", [8, 16, 32, 64, 128], normalization="batch"),
    "layer norm": strengths(
        "learning_rate_init", [1e-4, 3e-4, 1e-3, 3e-3, 1e-2], normalization="layer"
    ),
    "residual": strengths(
        "learning_rate_init", [1e-4, 3e-4, 1e-3, 3e-3, 1e-2], residual=True
    ),
    "clipping": strengths("clip_norm", [0.01, 0.03, 0.1, 0.3, 1.0]),
    "label smoothing": strengths("label_smoothing", [0.02, 0.05, 0.1, 0.2, 0.4]),
    "cosine schedule": strengths(
        "learning_rate_init", [3e-4, 1e-3, 3e-3, 1e-2, 3e-2], learning_rate="cosine"
    ),
    "He's start": strengths(
        "learning_rate_init", [3e-4, 1e-3, 3e-3, 1e-2, 3e-2], init="auto"
    ),
}


def score(task, settings, split):
    """Loss and score of one fit on one split."""
    if task == "digits":
        X, y = load_digits(return_X_y=True)
        size = 150
    else:
        X, y = load_diabetes(return_X_y=True)
        y = (y - y.mean()) / y.std()
        size = 0.75
    X, X_test, y, y_test = train_test_split(
        X, y, train_size=size, random_state=split, stratify=y if size == 150 else None
    )
    scaler = StandardScaler().fit(X)
    X, X_test = scaler.transform(X), scaler.transform(X_test)
    kind = MLPClassifierScratch if task == "digits" else MLPRegressorScratch
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        model = kind(**(COMMON | settings), random_state=split).fit(X, y)
    if task == "digits":
        loss = log_loss(y_test, model.predict_proba(X_test))
    else:
        loss = np.sqrt(np.mean((model.predict(X_test) - y_test) ** 2))
    return loss, model.score(X_test, y_test)


def table(task):
    jobs = [
        (name, settings, split)
        for name, many in TECHNIQUES.items()
        if not (name == "label smoothing" and task == "diabetes")
        for settings in many
        for split in range(N_SPLITS)
    ]
    results = Parallel(n_jobs=2)(delayed(score)(task, s, i) for _, s, i in jobs)
    found = {}
    for (name, settings, split), result in zip(jobs, results, strict=True):
        key = tuple(settings.items())
        found.setdefault(name, {}).setdefault(key, np.empty((N_SPLITS, 2)))
        found[name][key][split] = result
    half = N_SPLITS // 2
    none = found["none"][()][half:]
    unit = "log loss" if task == "digits" else "RMSE/std"
    print(f"\n{task}: {unit} and score on {half} splits; mean ± standard error\n")
    print("| technique | loss | score | difference of loss | chosen strength |")
    print("|---|---|---|---|---|")
    for name, many in found.items():
        key = min(many, key=lambda key: many[key][:half, 0].mean())
        test = many[key][half:]
        mean, error = test.mean(axis=0), test.std(axis=0, ddof=1) / np.sqrt(half)
        difference = test[:, 0] - none[:, 0]
        paired = difference.std(ddof=1) / np.sqrt(half)
        chosen = ", ".join(f"{k}={v}" for k, v in key)
        cells = [
            name,
            f"{mean[0]:.4f} ± {error[0]:.4f}",
            f"{mean[1]:.4f} ± {error[1]:.4f}",
            f"{difference.mean():+.4f} ± {paired:.4f}" if key else "",
            f"`{chosen}`" if key else "",
        ]
        print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    for task in ("digits", "diabetes"):
        table(task)
