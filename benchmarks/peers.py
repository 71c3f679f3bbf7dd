"""Each contender as a function that makes a callable: one whole fit."""

from __future__ import annotations

import importlib.util
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

RATE = 1e-3


@dataclass
class Problem:
    """A workload with its data."""

    X: Any
    y: Any
    task: str
    hidden: tuple[int, ...]
    batch: int
    epochs: int
    dropout: float
    threads: int

    @property
    def n_outputs(self) -> int:
        return int(self.y.max()) + 1 if self.task == "multiclass" else 1


def available(peer: str) -> bool:
    """Whether the peer's package is installed."""
    return importlib.util.find_spec(peer) is not None


def common(problem: Problem) -> dict:
    """What ours and scikit-learn's constructors share."""
    return {
        "hidden_layer_sizes": problem.hidden,
        "batch_size": problem.batch,
        "max_iter": problem.epochs,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }


def ours(problem: Problem):
    from sknnreg import MLPClassifierScratch, MLPRegressorScratch

    regression = problem.task == "regression"
    kind = MLPRegressorScratch if regression else MLPClassifierScratch
    model = kind(dropout=problem.dropout, **common(problem))
    return lambda: model.fit(problem.X, problem.y)


def sklearn(problem: Problem):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPRegressor if problem.task == "regression" else MLPClassifier
    model = kind(**common(problem))
    return lambda: model.fit(problem.X, problem.y)


def torch_layers(problem: Problem, n_outputs: int):
    """The workload's network, layer by layer."""
    import torch

    sizes = [problem.X.shape[1], *problem.hidden]
    for a, b in itertools.pairwise(sizes):
        yield torch.nn.Linear(a, b)
        yield torch.nn.ReLU()
        if problem.dropout:
            yield torch.nn.Dropout(problem.dropout)
    yield torch.nn.Linear(sizes[-1], n_outputs)


def torch(problem: Problem):
    """A plain loop over index batches, fused Adam, no DataLoader."""
    import torch

    loss = {
        "binary": torch.nn.BCEWithLogitsLoss(),
        "multiclass": torch.nn.CrossEntropyLoss(),
        "regression": torch.nn.MSELoss(),
    }[problem.task]
    X = torch.from_numpy(problem.X)
    y = torch.from_numpy(problem.y)
    y = y.long() if problem.task == "multiclass" else y.to(X.dtype)[:, None]

    def fit():
        torch.set_num_threads(problem.threads)
        torch.manual_seed(0)
        net = torch.nn.Sequential(*torch_layers(problem, problem.n_outputs)).to(X.dtype)
        optimizer = torch.optim.Adam(
            net.parameters(), lr=RATE, weight_decay=1e-4, fused=True
        )
        for _ in range(problem.epochs):
            for rows in torch.randperm(len(X)).split(problem.batch):
                optimizer.zero_grad(set_to_none=True)
                loss(net(X[rows]), y[rows]).backward()
                optimizer.step()

    return fit


def jax(problem: Problem):
    """jit of a whole epoch: lax.scan over its batches, optax Adam; compiled before."""
    import jax
    import jax.numpy as jnp
    import optax

    jax.config.update("jax_enable_x64", problem.X.dtype == np.float64)
    sizes = [problem.X.shape[1], *problem.hidden, problem.n_outputs]
    X, y = jnp.asarray(problem.X), jnp.asarray(problem.y)
    optimizer = optax.chain(optax.add_decayed_weights(1e-4), optax.adam(RATE))

    def start(key):
        return [
            (
                jax.random.normal(k, (a, b), X.dtype) * jnp.sqrt(2 / a).astype(X.dtype),
                jnp.zeros(b, X.dtype),
            )
            for k, a, b in zip(
                jax.random.split(key, len(sizes) - 1),
                sizes[:-1],
                sizes[1:],
                strict=True,
            )
        ]

    def raw(parameters, x, key):
        for W, b in parameters[:-1]:
            x = jax.nn.relu(x @ W + b)
            if problem.dropout:
                key, sub = jax.random.split(key)
                keep = jax.random.bernoulli(sub, 1 - problem.dropout, x.shape)
                x = jnp.where(keep, x / (1 - problem.dropout), 0)
        W, b = parameters[-1]
        return x @ W + b

    def loss(parameters, x, t, key):
        out = raw(parameters, x, key)
        if problem.task == "multiclass":
            return optax.softmax_cross_entropy_with_integer_labels(out, t).mean()
        if problem.task == "binary":
            return optax.sigmoid_binary_cross_entropy(out[:, 0], t).mean()
        return 0.5 * ((out[:, 0] - t) ** 2).mean()

    n_batches = len(problem.X) // problem.batch

    def step(carry, rows):
        parameters, state, key = carry
        key, sub = jax.random.split(key)
        gradient = jax.grad(loss)(parameters, X[rows], y[rows], sub)
        updates, state = optimizer.update(gradient, state, parameters)
        return (optax.apply_updates(parameters, updates), state, key), None

    @jax.jit
    def epoch(parameters, state, key):
        key, sub = jax.random.split(key)
        order = jax.random.permutation(sub, len(problem.X))
        whole = order[: n_batches * problem.batch].reshape(n_batches, problem.batch)
        carry, _ = jax.lax.scan(step, (parameters, state, key), whole)
        if len(order) % problem.batch:
            carry, _ = step(carry, order[n_batches * problem.batch :])
        return carry

    def fit():
        parameters = start(jax.random.key(0))
        state, key = optimizer.init(parameters), jax.random.key(1)
        for _ in range(problem.epochs):
            parameters, state, key = epoch(parameters, state, key)
        jax.block_until_ready(parameters)

    return fit


def skorch(problem: Problem):
    import skorch
    import torch

    def fit():
        torch.set_num_threads(problem.threads)
        net = skorch.NeuralNetClassifier(
            torch.nn.Sequential(*torch_layers(problem, max(2, problem.n_outputs))).to(
                torch.from_numpy(problem.X[:1]).dtype
            ),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            lr=RATE,
            batch_size=problem.batch,
            max_epochs=problem.epochs,
            train_split=None,
            iterator_train__shuffle=True,
            verbose=0,
        )
        net.fit(problem.X, problem.y.astype(np.int64))

    return fit
