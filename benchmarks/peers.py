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
    batch_norm: bool = False

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


def our_model(problem: Problem, **settings):
    """Our estimator, not fitted."""
    from sknnreg import MLPClassifierScratch, MLPRegressorScratch

    regression = problem.task == "regression"
    kind = MLPRegressorScratch if regression else MLPClassifierScratch
    normalization = "batch" if problem.batch_norm else None
    return kind(
        dropout=problem.dropout,
        normalization=normalization,
        **common(problem) | settings,
    )


def ours(problem: Problem):
    model = our_model(problem)
    return lambda: model.fit(problem.X, problem.y)


def sklearn_model(problem: Problem, **settings):
    """scikit-learn's estimator, not fitted."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPRegressor if problem.task == "regression" else MLPClassifier
    return kind(**common(problem) | settings)


def sklearn(problem: Problem):
    model = sklearn_model(problem)
    return lambda: model.fit(problem.X, problem.y)


def torch_network(sizes, dropout=0.0, batch_norm=False):
    """Dense layers of these sizes with relu between them."""
    import torch

    layers = []
    for a, b in itertools.pairwise(sizes[:-1]):
        layers.append(torch.nn.Linear(a, b))
        if batch_norm:
            layers.append(torch.nn.BatchNorm1d(b))
        layers.append(torch.nn.ReLU())
        if dropout:
            layers.append(torch.nn.Dropout(dropout))
    return torch.nn.Sequential(*layers, torch.nn.Linear(*sizes[-2:]))


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
        sizes = [X.shape[1], *problem.hidden, problem.n_outputs]
        net = torch_network(sizes, problem.dropout, problem.batch_norm).to(X.dtype)
        optimizer = torch.optim.Adam(
            net.parameters(), lr=RATE, weight_decay=1e-4, fused=True
        )
        for _ in range(problem.epochs):
            for rows in torch.randperm(len(X)).split(problem.batch):
                optimizer.zero_grad(set_to_none=True)
                loss(net(X[rows]), y[rows]).backward()
                optimizer.step()

    return fit


def jax_parts(problem: Problem):
    """First values, one epoch and the optimizer's start, as functions of α and a key.

    An epoch is ``lax.scan`` over its batches, with optax's Adam.
    """
    import jax
    import jax.numpy as jnp
    import optax

    jax.config.update("jax_enable_x64", problem.X.dtype == np.float64)
    sizes = [problem.X.shape[1], *problem.hidden, problem.n_outputs]
    X, y = jnp.asarray(problem.X), jnp.asarray(problem.y)
    optimizer = optax.adam(RATE)

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

    def epoch(alpha, parameters, state, key):
        def step(carry, rows):
            parameters, state, key = carry
            key, sub = jax.random.split(key)
            gradient = jax.grad(loss)(parameters, X[rows], y[rows], sub)
            gradient = [
                (g + alpha.astype(g.dtype) * W, h)
                for (g, h), (W, _) in zip(gradient, parameters, strict=True)
            ]
            updates, state = optimizer.update(gradient, state, parameters)
            return (optax.apply_updates(parameters, updates), state, key), None

        key, sub = jax.random.split(key)
        order = jax.random.permutation(sub, len(problem.X))
        whole = order[: n_batches * problem.batch].reshape(n_batches, problem.batch)
        carry, _ = jax.lax.scan(step, (parameters, state, key), whole)
        if len(order) % problem.batch:
            carry, _ = step(carry, order[n_batches * problem.batch :])
        return carry

    return start, optimizer.init, epoch


def jax(problem: Problem):
    """One model, compiled before."""
    import jax
    import jax.numpy as jnp

    start, init, epoch = jax_parts(problem)
    epoch = jax.jit(epoch)
    alpha = jnp.asarray(1e-4)

    def fit():
        parameters = start(jax.random.key(0))
        state, key = init(parameters), jax.random.key(1)
        for _ in range(problem.epochs):
            parameters, state, key = epoch(alpha, parameters, state, key)
        jax.block_until_ready(parameters)

    return fit


def jax_vmap(problem: Problem, alphas):
    """Models that differ in α, by vmap; they share batches and first values."""
    import jax
    import jax.numpy as jnp

    start, init, epoch = jax_parts(problem)
    epochs = jax.jit(jax.vmap(epoch, in_axes=(0, 0, 0, None), out_axes=(0, 0, None)))
    alphas = jnp.asarray(alphas)

    def fit():
        one = start(jax.random.key(0))
        parameters = jax.tree.map(lambda a: jnp.stack([a] * len(alphas)), one)
        state, key = jax.vmap(init)(parameters), jax.random.key(1)
        for _ in range(problem.epochs):
            parameters, state, key = epochs(alphas, parameters, state, key)
        jax.block_until_ready(parameters)

    return fit


def skorch(problem: Problem):
    import skorch
    import torch

    sizes = [problem.X.shape[1], *problem.hidden, max(2, problem.n_outputs)]

    def fit():
        torch.set_num_threads(problem.threads)
        net = skorch.NeuralNetClassifier(
            torch_network(sizes, problem.dropout).to(
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
