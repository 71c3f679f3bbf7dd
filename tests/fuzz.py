"""Calls in any order, by hand: ``python -m tests.fuzz --minutes 10``.

A walk is a seed: an estimator and a few dozen calls, each of which may follow any.
After each: what was refused left the model as it was, to the last bit; what was not has
finite arrays and predictions; copies predict the same. A walk that finds something is
printed with its seed, to be run again by ``--seed``.
"""

import argparse
import copy
import pickle
import time
import traceback
import warnings

import numpy as np
from scipy.sparse import csr_array
from sklearn.base import clone

from tests.factories import arrays, classifier, regressor

VALUES = {
    "hidden_layer_sizes": [(), (3,), (4, 3)],
    "activation": ["relu", "tanh", "identity", "gelu", "selu"],
    "solver": ["adam", "sgd", "adamw", "rmsprop", "lbfgs"],
    "penalty": ["l1", "l2", "elasticnet", "group_l1", None],
    "alpha": [0.0, 1e-3, 0.1],
    "dropout": [0.0, 0.3],
    "input_noise": [0.0, 0.1],
    "normalization": [None, "batch", "layer"],
    "residual": [False, True],
    "early_stopping": [False, True],
    "averaging": [0.0, 0.9],
    "warm_start": [False, True],
    "batch_size": ["auto", 1, 7, 1000],
    "max_iter": [1, 3],
    "learning_rate": ["constant", "cosine", "adaptive", "step"],
    "clip_norm": [None, 1.0],
    "max_norm": [None, 2.0],
    "scoring": ["loss", None],
    "random_state": [0, 1, None],
    "bias_init": ["data", "zeros"],
}


class Walk:
    """An estimator and what happens to it."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.kind = self.pick(["binary", "multiclass", "multilabel", "one", "two"])
        make = regressor if self.kind in ("one", "two") else classifier
        self.model, self.calls = make(max_iter=2, hidden_layer_sizes=(3,)), []

    def pick(self, values):
        return values[self.rng.integers(len(values))]

    def data(self):
        rng, n = self.rng, int(self.pick([12, 30, 61]))
        X = rng.standard_normal((n, 4)).astype(self.pick(["f4", "f8"]))
        y = {
            "binary": np.arange(n) % 2,
            "multiclass": np.array(list("abc"))[np.arange(n) % 3],
            "multilabel": (X[:, :3] > 0).astype(int),
            "one": X[:, 0],
            "two": X[:, :2],
        }[self.kind]
        form = self.pick(["C", "F", "sparse", "read-only"])
        if form == "read-only":
            X.flags.writeable = False
        X = {"F": np.asfortranarray, "sparse": csr_array}.get(form, np.asarray)(X)
        weight = rng.uniform(0, 2, n) if rng.random() < 0.3 else None
        return X, y, weight

    def fit(self):
        X, y, weight = self.data()
        self.model.fit(X, y, sample_weight=weight)

    def partial_fit(self):
        X, y, weight = self.data()
        classes = {"binary": [0, 1], "multiclass": list("abc"), "multilabel": range(3)}
        known = classes.get(self.kind)
        extra = {} if known is None else {"classes": list(known)}
        self.model.partial_fit(X, y, sample_weight=weight, **extra)

    def set_params(self):
        name = self.pick([n for n in VALUES if n in self.model.get_params()])
        value = self.pick(VALUES[name])
        self.calls[-1] = f"{name}={value!r}"
        self.model.set_params(**{name: value})

    def clone(self):
        self.model = clone(self.model)

    def pickle(self):
        self.same(pickle.loads(pickle.dumps(self.model)))

    def deepcopy(self):
        self.same(copy.deepcopy(self.model))

    def same(self, other):
        if hasattr(self.model, "coefs_"):
            X, *_ = self.data()
            np.testing.assert_array_equal(self.model.predict(X), other.predict(X))
        self.model = other

    def refuse(self):
        """A fit on other columns, or with NaN."""
        X = np.full((12, 4), np.nan) if self.rng.random() < 0.5 else np.ones((0, 4))
        self.model.fit(X, np.arange(len(X)) % 2)
        raise AssertionError("accepted")

    def step(self):
        names = ["fit", "partial_fit", "clone", "pickle", "deepcopy", "refuse"]
        name = self.pick(names + ["fit", "partial_fit"] + 5 * ["set_params"])
        self.calls.append(name)
        model, fitted = self.model, hasattr(self.model, "coefs_")
        old = [a.copy() for a in arrays(model)] if fitted else []
        try:
            getattr(self, name)()
        except (ValueError, AttributeError) as error:
            assert str(error), "an empty message"
            self.calls[-1] += f" refused: {str(error)[:80]}"
            assert hasattr(model, "coefs_") == fitted
            for a, b in zip(arrays(model) if fitted else [], old, strict=True):
                np.testing.assert_array_equal(a, b)
        if hasattr(self.model, "coefs_"):
            self.sound()

    def sound(self):
        assert all(np.isfinite(a).all() for a in arrays(self.model)), "not finite"
        X, y, _ = self.data()
        answer = self.model.predict(X)
        assert answer.shape == y.shape, (answer.shape, y.shape)
        if answer.dtype.kind == "f":
            assert np.isfinite(answer).all()
        lengths = {len(column) for column in self.model.history_.values()}
        assert len(lengths) == 1, "history"


def walk(seed, steps=30):
    """None, or what a walk has found."""
    going = Walk(seed)
    try:
        for _ in range(steps):
            going.step()
    # any kind of error is a finding
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        calls = "\n  ".join(going.calls)
        trace = "".join(traceback.format_exc().splitlines(True)[-8:])
        return f"seed {seed}, {going.kind}\n  {calls}\n{trace}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    if args.seed is not None:
        print(walk(args.seed))
        return
    end, seed, found = time.monotonic() + 60 * args.minutes, args.first, 0
    while time.monotonic() < end:
        said = walk(seed)
        if said is not None:
            found += 1
            print(said, flush=True)
        seed += 1
    print(f"{seed - args.first} walks of 30 calls, {found} found something")


if __name__ == "__main__":
    main()
