"""What was tried and left out of the engine: ``python -m benchmarks.left_out``.

Each technique is written as short as it goes, on top of the registries or around a
step, put alone into the plain network of :mod:`benchmarks.recipe`, and judged as there:
relative change of the loss, mean over the data sets of ``--data FOLDER`` and its
standard error; negative is better. The last column is the mean time of a fit.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest.mock import patch

import numpy as np
from scipy.special import expit

from benchmarks.recipe import PLAIN, prepared, print_table
from benchmarks.tables import judge
from sknnreg import MLPClassifierScratch, MLPRegressorScratch, config_context
from sknnreg.engine.batches import Batches
from sknnreg.engine.initializers import Constant
from sknnreg.engine.layers import NORMALIZATIONS, Dense, Layer
from sknnreg.engine.network import Bound
from sknnreg.engine.optimizers import OPTIMIZERS, Adam
from sknnreg.engine.parameters import Spec

# Pieces of a network


class ParametricSilu(Layer):
    """y = a z σ(z) + (1 - a) z, with a learned for each unit from 1 on.

    dz = dy (a s + 1 - a),  s = σ(z) (1 + z (1 - σ(z)));  da = Σ_rows dy (z σ(z) - z).
    """

    def build(self, n_in: int) -> int:
        self.n_in = self.n_out = n_in
        self.specs = {"share": Spec((n_in,), "gain", Constant(1.0))}
        return n_in

    def forward(self, x, c):
        a, p = c.values["share"][:, None], expit(x)
        c.saved["x"], c.saved["p"] = x, p
        return a * x * p + (1 - a) * x

    def backward(self, dy, c, need_dx):
        x, p, a = c.saved["x"], c.saved["p"], c.values["share"][:, None]
        np.sum(dy * (x * p - x), axis=-2, out=c.gradients["share"])
        return dy * (a * p * (1 + x * (1 - p)) + 1 - a)


# Optimizers


def orthogonalized(m: np.ndarray) -> np.ndarray:
    """A matrix with the same directions, singular values about 1 (Newton–Schulz)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = m / (np.linalg.norm(m, axis=(-2, -1), keepdims=True) + 1e-7)
    for _ in range(5):
        s = x @ x.swapaxes(-1, -2)
        x = a * x + (b * s + c * s @ s) @ x
    return x


class Muon(Adam):
    """The square hidden matrix steps along its orthogonalized momentum, else Adam.

    v ← μ v + g;  W ← W - rate 0.2 √n NS(g + μ v): as large as a step of Adam, in the
    mean (Jordan et al. 2024; Liu et al. 2025).
    """

    momentum = 0.95
    n_in: int  # set by the fit: the vector alone does not tell

    def bind(self, theta, grad, state=None, rates=None):
        super().bind(theta, grad, state, rates)
        n, _ = PLAIN["hidden_layer_sizes"]
        self.place = slice(self.n_in * n, self.n_in * n + n * n)
        self.theta, self.grad = theta, grad
        self.velocity = np.zeros((len(theta), n, n), theta.dtype)

    def step(self, rate):
        before = self.theta[:, self.place].copy()
        super().step(rate)
        g = self.grad[:, self.place].reshape(self.velocity.shape)
        self.velocity *= self.momentum
        self.velocity += g
        step = orthogonalized(g + self.momentum * self.velocity)
        size = rate * 0.2 * np.sqrt(g.shape[-1])
        self.theta[:, self.place] = before - size * step.reshape(before.shape)


class Lookahead(Adam):
    """Every five steps half the way back to where they began (Zhang et al. 2019)."""

    def bind(self, theta, grad, state=None, rates=None):
        super().bind(theta, grad, state, rates)
        self.theta, self.slow = theta, theta.copy()

    def step(self, rate):
        super().step(rate)
        if self.t % 5 == 0:
            self.slow += 0.5 * (self.theta - self.slow)
            self.theta[...] = self.slow


# What is done to a batch


@contextmanager
def mixed(mix: Callable) -> Iterator[None]:
    """Each row mixed with another one of its batch, targets too."""
    whole, rng = Batches.epoch, np.random.default_rng(0)

    def epoch(self):
        for batch in whole(self):
            order = rng.permutation(batch.y.shape[1])
            x, share = mix(batch.x, batch.x[:, order], rng)
            y = share * batch.y + (1 - share) * batch.y[:, order]
            yield batch._replace(x=x, y=y.astype(batch.y.dtype))

    with patch.object(Batches, "epoch", epoch):
        yield


def mixup(x, other, rng):
    """λ x + (1 - λ) x', λ ~ Beta(0.2, 0.2) (Zhang et al. 2018)."""
    share = rng.beta(0.2, 0.2)
    return (share * x + (1 - share) * other).astype(x.dtype), share


def cutmix(x, other, rng):
    """Some inputs taken from another row (Yun et al. 2019)."""
    keep = rng.random(x.shape[-1]) < rng.beta(1.0, 1.0)
    return np.where(keep, x, other), keep.mean()


@contextmanager
def adversarial(size: float) -> Iterator[None]:
    """Half of the gradient at x + size · sign(dJ/dx) (Goodfellow et al. 2015)."""
    plain = Bound.value_and_gradient
    back = Dense.backward

    def value_and_gradient(self, x, y, weight, streams):
        found = {}

        def backward(layer, dy, c, need_dx):
            dx = back(layer, dy, c, True)
            found["dx"] = dx  # that of the lowest layer comes last
            return dx

        with patch.object(Dense, "backward", backward):
            value = plain(self, x, y, weight, streams)
        first = [{n: g.copy() for n, g in layer.items()} for layer in self.gradients]
        moved = x + size * np.sign(found["dx"], dtype=x.dtype)
        value = (value + plain(self, moved, y, weight, streams)) / 2
        for layer, earlier in zip(self.gradients, first, strict=True):
            for name, gradient in layer.items():
                gradient += earlier[name]
                gradient /= 2
        return value

    with patch.object(Bound, "value_and_gradient", value_and_gradient):
        yield


# What stands before or around the network


def periodic(X: np.ndarray, X_test: np.ndarray, scale: float):
    """X and sin, cos of 2π c x, eight frequencies c ~ N(0, scale²) an input, fixed.

    Gorishniy et al. 2022, "On embeddings for numerical features", who learn c.
    """
    c = np.random.default_rng(0).normal(0, scale, (X.shape[1], 8))

    def embedded(X):
        angles = (2 * np.pi * X[..., None] * c).reshape(len(X), -1)
        return np.hstack([X, np.sin(angles), np.cos(angles)]).astype(X.dtype)

    return embedded(X), embedded(X_test)


class Snapshots:
    """The mean of networks, each going on from the one before along a cosine.

    As many epochs as one network has, all in all (Huang et al. 2017).
    """

    def __init__(self, model, n: int = 4) -> None:
        length = PLAIN["max_iter"] // n
        self.model, self.n = model.set_params(warm_start=True, max_iter=length), n

    def fit(self, X, y):
        self.fitted = [copy.deepcopy(self.model.fit(X, y)) for _ in range(self.n)]
        self.classes_ = getattr(self.model, "classes_", None)
        return self

    def predict_proba(self, X):
        return np.mean([model.predict_proba(X) for model in self.fitted], axis=0)

    def predict(self, X):
        if self.classes_ is None:
            return np.mean([model.predict(X) for model in self.fitted], axis=0)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


#: hyperparameters, and what is in force during the fit
TRIED: dict[str, tuple[dict, Callable]] = {
    "plain": ({}, nullcontext),
    "silu": ({"activation": "silu"}, nullcontext),
    "parametric silu": (
        {"activation": "identity", "normalization": "parametric"},
        lambda: patch.dict(NORMALIZATIONS, {"parametric": ParametricSilu}),
    ),
    "Muon": ({}, lambda: patch.dict(OPTIMIZERS, {"adamw": Muon})),
    "lookahead": ({}, lambda: patch.dict(OPTIMIZERS, {"adamw": Lookahead})),
    "mixup": ({}, lambda: mixed(mixup)),
    "cutmix": ({}, lambda: mixed(cutmix)),
    "adversarial step 0.01": ({}, lambda: adversarial(0.01)),
    "adversarial step 0.05": ({}, lambda: adversarial(0.05)),
    "periodic 0.1": ({}, nullcontext),
    "periodic 0.5": ({}, nullcontext),
    "snapshots": ({}, nullcontext),
}


def loss_of(name, X, X_test, y, y_test, table, seed):
    """Loss on the test part, and seconds of a fit."""
    params, force = TRIED[name]
    if name.startswith("periodic"):
        X, X_test = periodic(X, X_test, scale=float(name.split()[1]))
    Muon.n_in = X.shape[1]
    kind = MLPRegressorScratch if table.regression else MLPClassifierScratch
    model = kind(**(PLAIN | params), random_state=seed)
    if name == "snapshots":
        model = Snapshots(model)
    # the target by hand: what is around a network would clone it
    mean, std = (y.mean(), y.std()) if table.regression else (0.0, 1.0)
    start = time.process_time()
    with force():
        model.fit(X, (y - mean) / std if table.regression else y)
        seconds = time.process_time() - start
        truth = (y_test - mean) / std if table.regression else y_test
        return judge(model, X_test, truth, table)[0], seconds


def run(args):
    rows = []
    files = sorted(Path(args.data).glob("*.npz"))
    paths = [path for path in files if not args.only or path.stem in args.only]
    for seed, path in itertools.product(range(args.seeds), paths):
        *data, table = prepared(path, seed, args.rows)
        for name in args.tried or TRIED:
            loss, seconds = loss_of(name, *data, table, seed)
            row = {"data": path.stem, "task": table.task, "seed": seed}
            rows.append(row | {"variant": name, "loss": loss, "seconds": seconds})
        print(path.stem, seed, flush=True)
        if args.json:
            Path(args.json).write_text(json.dumps(rows, indent=1))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--tried", nargs="+", choices=list(TRIED))
    parser.add_argument("--json")
    args = parser.parse_args()
    with warnings.catch_warnings(), config_context(backend="numpy"):
        warnings.simplefilter("ignore")
        rows = run(args)
    print_table(rows, list(args.tried or TRIED))


if __name__ == "__main__":
    main()
