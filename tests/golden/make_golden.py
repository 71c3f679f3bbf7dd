"""Writes golden.json: what PyTorch's optimizers make of a few small networks.

The tests only read that file and do not need PyTorch. To make it anew, in an
environment with PyTorch::

    python tests/golden/make_golden.py

Everything is float64. The network has two hidden layers; rows come in mini-batches in
their own order, the last of each epoch being short. ``params`` of a case are the
hyperparameters of the estimator in :mod:`sknnreg`; here they are translated to
PyTorch. PyTorch's ``weight_decay`` is given to the weights only, as ``alpha`` is.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.optim import lr_scheduler

N_ROWS, BATCH_SIZE, STEPS_PER_EPOCH = 48, 10, 5
N_FEATURES, HIDDEN, N_PREDICTED = 6, (8, 5), 10
ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU}
NORMALIZATIONS = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
OUTPUTS = {"regression": 2, "multiclass": 3, "binary": 1}

SGD = {"solver": "sgd", "learning_rate_init": 0.1, "momentum": 0.9, "alpha": 0.02}
ADAM = {"solver": "adam", "learning_rate_init": 0.02, "alpha": 0.02}
ADAM |= {"beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-6}
ADAMW = ADAM | {"solver": "adamw", "alpha": 0.2}
TANH, RELU = {"activation": "tanh"}, {"activation": "relu"}

#: name: (task, epochs of five steps, hyperparameters)
CASES = {
    "sgd-regression": ("regression", 10, SGD | TANH),
    "sgd-multiclass": ("multiclass", 10, SGD | RELU),
    "sgd-not-nesterov": ("binary", 10, SGD | TANH | {"nesterovs_momentum": False}),
    "adam-regression": ("regression", 10, ADAM | RELU),
    "adam-multiclass": ("multiclass", 10, ADAM | TANH),
    "adamw-regression": ("regression", 10, ADAMW | RELU),
    "adamw-multiclass": ("multiclass", 10, ADAMW | TANH),
    "rmsprop": ("multiclass", 4, ADAM | TANH | {"solver": "rmsprop"}),
    "batch-norm-sgd": ("regression", 4, SGD | RELU | {"normalization": "batch"}),
    "batch-norm-adamw": ("multiclass", 4, ADAMW | TANH | {"normalization": "batch"}),
    "layer-norm-sgd": ("regression", 4, SGD | TANH | {"normalization": "layer"}),
    "layer-norm-adamw": ("multiclass", 4, ADAMW | RELU | {"normalization": "layer"}),
    "max-norm": ("multiclass", 4, SGD | RELU | {"max_norm": 0.8}),
    "clip-norm": ("regression", 4, SGD | TANH | {"clip_norm": 0.8}),
    "smoothing-multiclass": ("multiclass", 4, SGD | TANH | {"label_smoothing": 0.1}),
    "smoothing-binary": ("binary", 4, SGD | RELU | {"label_smoothing": 0.1}),
    "huber": ("regression", 4, SGD | TANH | {"loss": "huber", "huber_delta": 0.4}),
}
SCHEDULES = {
    "onecycle": {"warmup_fraction": 0.33},
    "cosine": {"warmup_fraction": 0.0},
    "cosine-warmup": {"learning_rate": "cosine", "warmup_fraction": 0.2},
    "step": {"decay_rate": 0.3, "decay_epochs": 2},
    "exponential": {"decay_rate": 0.3, "decay_epochs": 2},
}
for name, schedule in SCHEDULES.items():
    CASES[name] = ("regression", 4, ADAMW | TANH | {"learning_rate": name} | schedule)


def make_data() -> dict[str, np.ndarray]:
    """Inputs, and a target for each task."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, N_FEATURES)).round(3)
    signal = np.sin(X @ rng.normal(size=(N_FEATURES, 3)))
    signal += 0.3 * rng.normal(size=signal.shape)
    multiclass = signal.argmax(axis=1)
    return {
        "X": X,
        "regression": signal[:, :2].round(3),
        "multiclass": multiclass,
        "binary": (multiclass == 0).astype(int),
    }


def make_network(task: str, params: dict) -> nn.Sequential:
    """The network with its starting values, rounded to keep the file small."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    n_in = N_FEATURES
    for units in HIDDEN:
        layers.append(nn.Linear(n_in, units))
        if "normalization" in params:
            layers.append(NORMALIZATIONS[params["normalization"]](units))
        layers.append(ACTIVATIONS[params["activation"]]())
        n_in = units
    layers.append(nn.Linear(n_in, OUTPUTS[task]))
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, nn.Linear):
                for parameter in layer.parameters():
                    parameter.copy_((2 * parameter).round(decimals=4))
            if isinstance(layer, nn.BatchNorm1d):
                layer.register_forward_hook(follow_biased_variance)
    return nn.Sequential(*layers)


def follow_biased_variance(norm: nn.BatchNorm1d, inputs, output) -> None:
    """Let the running variance follow the batch's as the estimators' does.

    PyTorch's follows the unbiased variance: the batch's multiplied by B / (B - 1).
    Either takes 1/10 of it in each step; the estimators call the other 9/10 momentum.
    """
    if norm.training:
        x = inputs[0].detach()
        excess = x.var(dim=0, correction=1) - x.var(dim=0, correction=0)
        norm.running_var = norm.running_var - norm.momentum * excess


def weights_of(network: nn.Sequential) -> list[nn.Parameter]:
    """The weight matrices, (n_out, n_in) each."""
    return [layer.weight for layer in network if isinstance(layer, nn.Linear)]


def make_optimizer(network: nn.Sequential, params: dict) -> torch.optim.Optimizer:
    """The optimizer, with decay on the weights and none on anything else."""
    weights = weights_of(network)
    others = [p for p in network.parameters() if all(p is not w for w in weights)]
    # where the gradient is clipped, the penalty is part of what is clipped
    decay = 0.0 if "clip_norm" in params else params["alpha"]
    groups = [
        {"params": weights, "weight_decay": decay},
        {"params": others, "weight_decay": 0.0},
    ]
    rate, solver = params["learning_rate_init"], params["solver"]
    if solver == "sgd":
        nesterov = params.get("nesterovs_momentum", True)
        momentum = params["momentum"]
        return torch.optim.SGD(groups, rate, momentum=momentum, nesterov=nesterov)
    beta_1, beta_2, epsilon = params["beta_1"], params["beta_2"], params["epsilon"]
    if solver == "rmsprop":
        return torch.optim.RMSprop(groups, rate, alpha=beta_2, eps=epsilon)
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[solver]
    return kind(groups, rate, betas=(beta_1, beta_2), eps=epsilon)


def make_schedule(optimizer: torch.optim.Optimizer, n_epochs: int, params: dict):
    """The schedule; all of them are stepped after each step of the optimizer."""
    schedule = params.get("learning_rate", "constant")
    n_steps = n_epochs * STEPS_PER_EPOCH
    if schedule == "constant":
        return lr_scheduler.ConstantLR(optimizer, factor=1)
    if schedule == "onecycle":
        return lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=params["learning_rate_init"],
            total_steps=n_steps,
            pct_start=params["warmup_fraction"],
            cycle_momentum=False,
        )
    if schedule == "cosine":
        n = round(params["warmup_fraction"] * n_steps)
        fall = lr_scheduler.CosineAnnealingLR(optimizer, n_steps - n)
        if n == 0:
            return fall
        # 1/n, 2/n, ..., 1
        rise = lr_scheduler.LinearLR(optimizer, 1 / n, total_iters=n - 1)
        return lr_scheduler.SequentialLR(optimizer, [rise, fall], [n])
    decay_steps = params["decay_epochs"] * STEPS_PER_EPOCH
    if schedule == "step":
        return lr_scheduler.StepLR(optimizer, decay_steps, params["decay_rate"])
    return lr_scheduler.ExponentialLR(
        optimizer, params["decay_rate"] ** (1 / decay_steps)
    )


def both_classes(raw: torch.Tensor) -> torch.Tensor:
    """The one raw output of a binary classifier as two, the first of which is 0."""
    return functional.pad(raw, (1, 0))


def make_loss(task: str, params: dict):
    """The mean over rows of the sum over outputs, given raw outputs and y."""
    smoothing = params.get("label_smoothing", 0.0)

    def half_squared_error(raw, y):
        return functional.mse_loss(raw, y, reduction="sum") / (2 * len(y))

    def huber(raw, y):
        delta = params["huber_delta"]
        return functional.huber_loss(raw, y, reduction="sum", delta=delta) / len(y)

    def multiclass(raw, y):
        return functional.cross_entropy(raw, y, label_smoothing=smoothing)

    def binary(raw, y):
        return multiclass(both_classes(raw), y)

    regression = huber if params.get("loss") == "huber" else half_squared_error
    return {"regression": regression, "multiclass": multiclass, "binary": binary}[task]


def train(network: nn.Sequential, X, y, task: str, n_epochs: int, params: dict) -> None:
    """Plain mini-batch training."""
    optimizer = make_optimizer(network, params)
    schedule = make_schedule(optimizer, n_epochs, params)
    loss = make_loss(task, params)
    for _ in range(n_epochs):
        for rows in torch.arange(len(X)).split(BATCH_SIZE):
            optimizer.zero_grad()
            loss(network(X[rows]), y[rows]).backward()
            if "clip_norm" in params:
                clip(network, params["clip_norm"], params["alpha"])
            optimizer.step()
            if "max_norm" in params:
                limit_weights(network, params["max_norm"])
            schedule.step()


@torch.no_grad()
def clip(network: nn.Sequential, limit: float, alpha: float) -> None:
    """Add the gradient of the L2 penalty, then clip the gradient's norm."""
    for weight in weights_of(network):
        weight.grad += alpha * weight
    gradients = [parameter.grad for parameter in network.parameters()]
    # PyTorch divides by the norm + 1e-6, the estimators by the norm
    limit *= 1 + 1e-6 / nn.utils.get_total_norm(gradients).item()
    nn.utils.clip_grad_norm_(network.parameters(), limit)


@torch.no_grad()
def limit_weights(network: nn.Sequential, limit: float) -> None:
    """Project the incoming weights of each unit, outputs included, on the ball."""
    for weight in weights_of(network):
        weight *= (limit / weight.norm(dim=1, keepdim=True)).clamp(max=1)


def arrays(network: nn.Sequential) -> dict[str, list]:
    """The network's arrays as the estimators name and lay them out."""
    dense = [m for m in network if isinstance(m, nn.Linear)]
    return {
        "coefs": [m.weight.detach().T.tolist() for m in dense],
        "intercepts": [m.bias.detach().tolist() for m in dense],
    }


def results(network: nn.Sequential, X, task: str) -> dict[str, list]:
    """Everything the estimators are to agree on."""
    norms = [m for m in network if isinstance(m, tuple(NORMALIZATIONS.values()))]
    running = [m for m in norms if isinstance(m, nn.BatchNorm1d)]
    predicted = network.eval()(X[:N_PREDICTED]).detach()
    if task == "binary":
        predicted = both_classes(predicted)
    if task != "regression":
        predicted = predicted.softmax(dim=1)
    return arrays(network) | {
        "gamma": [m.weight.tolist() for m in norms],
        "beta": [m.bias.tolist() for m in norms],
        "mean": [m.running_mean.tolist() for m in running],
        "variance": [m.running_var.tolist() for m in running],
        "predicted": predicted.tolist(),
    }


def main() -> None:
    torch.set_default_dtype(torch.float64)
    data = make_data()
    X = torch.tensor(data["X"])
    cases = {}
    for name, (task, n_epochs, params) in CASES.items():
        network = make_network(task, params)
        start = arrays(network)
        train(network, X, torch.tensor(data[task]), task, n_epochs, params)
        cases[name] = {
            "task": task,
            "params": params | {"max_iter": n_epochs},
            "start": start,
            "end": results(network, X, task),
        }
    golden = {
        "made_with": f"PyTorch {torch.__version__.split('+')[0]}",
        "params": {"hidden_layer_sizes": HIDDEN, "batch_size": BATCH_SIZE},
        "data": {name: array.tolist() for name, array in data.items()},
        "cases": "CASES",
    }
    path = Path(__file__).with_name("golden.json")
    text = one_a_line(golden).replace('"CASES"', one_a_line(cases))
    path.write_text(text + "\n", encoding="utf-8")


def one_a_line(entries: dict) -> str:
    """JSON with one entry a line."""
    lines = [f"{json.dumps(name)}: {json.dumps(x)}" for name, x in entries.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


if __name__ == "__main__":
    main()
