"""What is said to a user about hyperparameters and fitted attributes, once.

``python -m sknnreg._docs`` writes it into the two estimators, together with their
constructors, from here and from ``_hyperparameters.py``: editors and other static tools
see whole docstrings and signatures. A test holds the estimators against it.
"""

from __future__ import annotations

import ast
import inspect
import re
from numbers import Integral, Real
from pathlib import Path
from textwrap import indent

from sknnreg._hyperparameters import (
    CLASSIFIER,
    REGRESSOR,
    SHARED,
    Increasing,
    Row,
    Weights,
)
from sknnreg._sklearn import Interval, Options
from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.initializers import INITIALIZERS
from sknnreg.engine.layers import NORMALIZATIONS
from sknnreg.engine.losses import REGRESSION_LOSSES
from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.penalties import PENALTIES
from sknnreg.engine.schedules import SCHEDULES

#: the hyperparameters of each estimator in the order of its constructor, the first so
#: many of them positional
SIGNATURES: dict[str, tuple[dict[str, Row], int]] = {
    "_classifier.py": (SHARED | CLASSIFIER, 2),
    "_regressor.py": (
        {"loss": REGRESSOR["loss"]} | SHARED | REGRESSOR,
        3,
    ),
}


def names(registry, *extra: str) -> str:
    """The names of a registry, as numpydoc writes a choice."""
    return "{" + ", ".join(f"'{name}'" for name in (*registry, *extra)) + "}"


def describe(registry) -> list[tuple[str, type, str]]:
    """Name, class and first paragraph of each entry of a registry, as it is now.

    Of an instance, how it is made stands for the paragraph.
    """
    rows = []
    for name, entry in registry.items():
        is_class = inspect.isclass(entry)
        paragraph = (inspect.getdoc(entry) or "").split("\n\n")[0]
        text = " ".join(paragraph.split()) if is_class else f"``{entry!r}``"
        rows.append((name, entry if is_class else type(entry), text))
    return rows


def entries(text: str) -> dict[str, str]:
    """Entries of a numpydoc section by name; one for several names by the first."""
    parts = re.split(r"\n+(?=\w+(?:, \w+)* : )", text.strip())
    return {re.split(r"\W", part, maxsplit=1)[0]: part for part in parts}


def parameter_section(table: dict[str, Row]) -> str:
    """The entries of a constructor's arguments."""
    known = entries(PARAMETERS)
    return "\n\n".join(known[name] for name in table if name in known)


#: how a constraint of scikit-learn reads as a type
HINTS = {
    "array-like": "ArrayLike",
    "boolean": "bool",
    "verbose": "bool | int",
    "random_state": "int | RandomState | None",
    callable: "Callable",
    str: "str",
    dict: "dict",
    list: "list",
    None: "None",
}


def hint(row: Row) -> str:
    """The type of a hyperparameter, from what is allowed for it."""
    types = []
    for allowed in row.allowed:
        if isinstance(allowed, Increasing):
            known = "ArrayLike"
        elif isinstance(allowed, Weights):
            known = "dict | list"
        elif isinstance(allowed, (Interval, Options)):
            known = {Real: "float", Integral: "int", str: "str"}[allowed.type]
        else:
            known = HINTS[allowed]
        if known not in types:
            types.append(known)
    return " | ".join(sorted(types, key="None".__eq__))


def constructor(table: dict[str, Row], n_positional: int) -> str:
    """The source of ``__init__``."""
    arguments = [
        f"{name}: {hint(row)} = {default(row)}," for name, row in table.items()
    ]
    arguments.insert(n_positional, "*,")
    lines = [
        "def __init__(",
        "    self,",
        *(f"    {argument}" for argument in arguments),
        ") -> None:",
        *(f"    self.{name} = {name}" for name in table),
    ]
    return "\n".join(lines)


def default(row: Row) -> str:
    """A default as ruff writes it."""
    return repr(row.default).replace("'", '"')


def folded(section: str) -> str:
    """A section as it stands in a docstring: headings folded at 88 columns."""
    lines = []
    for line in indent(section, " " * 4).split("\n"):
        while len(line) > 88:
            cut = line.rindex(" ", 0, 88) + 1
            lines.append(line[:cut] + "\\")
            line = line[cut:]
        lines.append(line)
    return "\n".join(lines)


def written(source: str, table: dict[str, Row], n_positional: int) -> str:
    """The source of an estimator with docstring and constructor as they should be."""
    rule = "-" * 10
    source = re.sub(
        rf"(    Parameters\n    {rule}\n).*?(?=\n\n    Attributes\n)",
        lambda match: match[1] + folded(parameter_section(table)),
        source,
        count=1,
        flags=re.S,
    )
    source = re.sub(
        rf"(    Attributes\n    {rule}\n(?:    classes_ : .*?\n        .*?\n)?)"
        r".*?(?=\n\n    See Also\n)",
        lambda match: match[1] + folded(ATTRIBUTES.strip()),
        source,
        count=1,
        flags=re.S,
    )
    init = next(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    )
    lines = source.split("\n")
    code = indent(constructor(table, n_positional), " " * 4).split("\n")
    return "\n".join(lines[: init.lineno - 1] + code + lines[init.end_lineno :])


def main() -> None:
    """Write docstrings and constructors into the estimators."""
    for name, signature in SIGNATURES.items():
        path = Path(__file__).with_name(name)
        path.write_text(written(path.read_text("utf-8"), *signature), "utf-8")


PARAMETERS = f"""
loss : {names(REGRESSION_LOSSES)}, default='squared_error'
    'squared_error' is ½(ŷ − y)²; 'absolute_error' |ŷ − y|; 'huber' is quadratic
    up to ``huber_delta`` and linear beyond; 'quantile' is the pinball loss, summed
    over the quantiles of ``quantile``; 'gaussian' is minus the logarithm of a normal
    density whose mean and variance are both predicted; 'poisson' is half the Poisson
    deviance, with ŷ = exp(raw output), for y ≥ 0.

hidden_layer_sizes : array-like of shape (n_layers - 2,), default=(100,)
    Units of each hidden layer; ``()`` is a linear model.

activation : {names(ACTIVATIONS)}, default='relu'
    Activation function of the hidden layers.

solver : {names(OPTIMIZERS, "lbfgs")}, default='adam'
    The solver.

    - 'sgd': stochastic gradient descent with (Nesterov's) momentum;
    - 'adam': adaptive moments (Kingma & Ba 2015);
    - 'sgdw', 'adamw': the same steps with decoupled weight decay: the L2 part of
      the penalty is W ← W − η·α·W outside the gradient (Loshchilov & Hutter 2019);
    - 'rmsprop': the second moment only (Tieleman & Hinton 2012), with ``beta_2``;
    - 'lbfgs': the whole data in each step, by SciPy's L-BFGS-B; often best for
      small data.

alpha : float or array-like of shape (n_layers - 1,), default=1e-4
    Strength α ≥ 0 of the penalty on the weights, one for all layers or one a layer.
    It does not depend on the batch size or the number of samples: a value for
    scikit-learn's MLP, divided by its batch size, means the same here.

batch_size : int, default='auto'
    Rows of a mini-batch; 'auto' means ``min(200, n_samples)``. Not used by 'lbfgs'.

learning_rate : {names(SCHEDULES)} or callable, default='constant'
    Schedule of the learning rate, for every stochastic solver.

    - 'constant': ``learning_rate_init``;
    - 'invscaling': ``learning_rate_init / (1 + t)**power_t``, t being the number of
      samples seen, changed after each epoch;
    - 'adaptive': ``learning_rate_init``, divided by 5 each time
      ``n_iter_no_change`` epochs in a row bring no progress of ``tol``; constant
      in ``partial_fit``, which has no patience;
    - 'cosine': half a cosine down to 0 over ``max_iter`` epochs, after a linear rise
      over ``warmup_fraction`` of them (Loshchilov & Hutter 2017); in
      ``partial_fit`` one cycle over ``max_iter`` calls;
    - 'onecycle': up from 1/25 over ``warmup_fraction``, then down to 4e-6, both along
      half a cosine (Smith & Topin 2018);
    - 'coslog4': four times up from 0 and down again along a cosine, each cycle twice as
      long as the one before, which suits early stopping (Holzmüller et al. 2024);
    - 'step', 'exponential': times ``decay_rate`` every ``decay_epochs`` epochs, at
      once or a bit at each step;
    - a callable ``step -> rate`` ≥ 0, the first step being 0.

learning_rate_init : float, default=0.001
    The initial learning rate η > 0.

power_t : float, default=0.5
    Exponent of 'invscaling'.

max_iter : int, default=200
    Largest number of epochs, or of iterations of 'lbfgs'.

shuffle : bool, default=True
    Whether to draw a new order of the rows for each epoch.

random_state : int, RandomState instance or None, default=None
    Determines first values, validation split, order of the rows, dropout and noise.
    Pass an int for reproducible results. The streams go on over calls of
    ``partial_fit``.

tol : float, default=1e-4
    Smallest progress of the loss or the score that counts; for 'lbfgs', the bound
    on the largest entry of the gradient.

verbose : bool or int, default=False
    n to print a row for the first epoch, every n-th and the last: loss, penalty,
    validation loss and score, learning rate, seconds; True is 1.

warm_start : bool, default=False
    Whether ``fit`` goes on from the last fit: its coefficients, the moments of its
    optimizer, its random numbers and its schedule, so that 10 epochs and 10 are 20
    to the last bit. Patience begins anew, 'cosine', 'onecycle' and 'coslog4' are
    a whole run in each ``fit``, and after early stopping it goes on from the best
    epoch. A validation split is that of the last fit.

momentum : float, default=0.9
    Momentum in [0, 1] of 'sgd' and 'sgdw'.

nesterovs_momentum : bool, default=True
    Whether momentum looks ahead.

early_stopping : bool, default=False
    Whether to hold out ``validation_fraction`` of the rows (or use ``X_val``), stop
    after ``n_iter_no_change`` epochs in a row without progress of ``scoring`` on
    them, and keep the best epoch's parameters. The split is stratified by class,
    but for multilabel targets, and carries the sample weights.

validation_fraction : float, default=0.1
    Share of the rows to hold out for early stopping, in [0, 1); at least
    two, and one of each class that has two.

beta_1, beta_2 : float, default=0.9, 0.999
    Decay rates in [0, 1) of Adam's first and second moments.

epsilon : float, default=1e-8
    Added to the root of Adam's second moment.

n_iter_no_change : int, default=10
    Patience: epochs in a row without progress of ``tol`` before training stops.
    ``np.inf`` for never.

max_fun : int, default=15000
    Largest number of evaluations of the objective by 'lbfgs'.

init : {names(INITIALIZERS)}, 'auto' or callable, default='glorot_uniform'
    First values of the weights. 'auto' goes by the activation: it is 'he_uniform'
    for relu, leaky_relu, elu, gelu, silu, mish and softplus, 'lecun_normal' for selu
    and 'glorot_uniform' for the rest. A callable or an object of
    :mod:`sknnreg.engine.initializers` is called as ``init(rng, shape)``, with a
    ``numpy.random.Generator`` and ``(fan_in, fan_out)``.

bias_init : str or callable, default='zeros'
    First values of the biases, as ``init`` but not 'orthogonal', or 'data': each hidden
    unit's sum is zero at a random point among the rows that enter its layer, so that
    the kinks of relus lie where the data are (Steinwart 2019; Holzmüller et al. 2024).

penalty : {names(PENALTIES)} or None, default='l2'
    Penalty on the weights: Ω = α·[l1_ratio·‖W‖₁ + (1 − l1_ratio)/2·‖W‖₂²] with
    l1_ratio 1 for 'l1' and 0 for 'l2'. The L1 part is solved by its proximal map,
    so zeros are exact. 'group_l1' drops whole inputs:
    Ω = α·[l1_ratio·Σ_j √n_out·‖W¹_j‖₂ + (1 − l1_ratio)/2·‖W of later layers‖₂²], W¹_j
    being the weights that leave input j; not for 'lbfgs'.

l1_ratio : float or array-like of shape (n_layers - 1,), default=0.5
    Share in [0, 1] of the L1 part of 'elasticnet', and of the group part of
    'group_l1'.

alpha_bias : float or array-like of shape (n_layers - 1,), default=0.0
    Strength of the same penalty on the biases.

dropout : float or array-like of shape (n_layers - 2,), default=0.0
    Probability in [0, 1) to *drop* a hidden unit while training, one for all hidden
    layers or one a layer. Not for 'lbfgs'.

input_dropout : float, default=0.0
    Probability in [0, 1) to drop an input. Not for 'lbfgs'.

scoring : str, callable or None, default='loss'
    What early stopping watches: 'loss' is minus the validation loss without
    penalty; else any scorer name or callable of scikit-learn, or None for
    ``score``.

dtype : {{'auto', 'float32', 'float64'}}, default='auto'
    Precision of training and prediction. 'auto' follows X: float32 for float32,
    float64 for everything else. A fit that goes on from another keeps its dtype.

normalization : {names(NORMALIZATIONS)} or None, default=None
    Normalization between each hidden layer's weights and its activation: over the
    rows of a batch (not for 'lbfgs') or over the units of a row.

residual : bool, default=False
    Whether each hidden layer adds its input to its output, through a projection
    where the widths differ.

input_noise : float, default=0.0
    Gaussian noise on the inputs while training, in standard deviations of each
    feature of the first training data. Not for 'lbfgs'.

input_scale : float, default=0.0
    If not 0, each input is multiplied by a learned scale, which starts at 1, is not
    penalized, and learns at so many times the rate of the weights; RealMLP takes 6
    (Holzmüller et al. 2024). ``coefs_`` are without it; 'lbfgs' knows no rates.

max_norm : float or None, default=None
    Largest Euclidean norm of the incoming weights of each unit, output units too,
    enforced after each step. Not for 'lbfgs'.

clip_norm : float or None, default=None
    Largest Euclidean norm of the whole gradient of a step. Not for 'lbfgs'.

averaging : float, default=0.0
    d in [0, 1): what is validated and kept is an average of all parameters over the
    epochs, with weights that fall by d from each epoch to the one before, as of the
    last 1 / (1 − d) of them (Polyak & Juditsky 1992; Izmailov et al. 2018). A fit that
    goes on begins with the averages. Not for 'lbfgs' or ``partial_fit``.

warmup_fraction : float, default=0.1
    Share of the run, in [0, 1), in which 'cosine' and 'onecycle' rise.

decay_rate : float, default=0.5
    Factor in (0, 1] by which 'step' and 'exponential' shrink the rate in
    ``decay_epochs``.

decay_epochs : int, default=20
    See ``decay_rate``.

class_weight : dict, list of dict, 'balanced' or None, default=None
    Weights ≥ 0 of the classes, multiplied with the sample weights. 'balanced' weighs
    classes by the inverse of their frequency. A list of dicts, one a label, is for
    multilabel targets.

label_smoothing : float, default=0.0
    s in [0, 1): a class's target is 1 − s + s/n instead of 1, the others' s/n
    instead of 0, n being the number of classes (2 for binary and multilabel).
    Validation data are not smoothed (Szegedy et al. 2016).

huber_delta : float, default=1.0
    Where 'huber' turns linear, in the unit of the target.

quantile : float or array-like of shape (n_quantiles,), default=0.5
    What loss='quantile' estimates: a quantile in (0, 1), or several in strictly
    increasing order, by one network and without crossing. ``predict`` gives the one
    nearest ½, ``predict_quantiles`` all. For other losses, those that
    ``predict_quantiles`` gives if none are asked for.
"""

ATTRIBUTES = """
coefs_ : list of ndarray of shape (fan_in, fan_out)
    Weights of each layer.
intercepts_ : list of ndarray of shape (fan_out,)
    Biases of each layer.
n_features_in_ : int
    Number of features seen during fit.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of features seen during fit, if X has names that are all strings.
n_iter_ : int
    Epochs, or iterations of 'lbfgs', of the last call of ``fit``.
best_iter_ : int
    Number, from 1, of the epoch in ``history_`` whose parameters early stopping
    kept, or that were kept when training diverged; else of the epoch with the least
    loss. The loss of an epoch is the mean over its steps, each before it is taken.
backend_ : {"numpy", "fast"}
    What trained it: NumPy, or code compiled by numba; see :func:`sknnreg.set_config`.
feature_importances_ : ndarray of shape (n_features_in_,)
    Euclidean norm of the weights that leave each input, times its learned scale.
t_ : int
    Number of training samples seen over all epochs.
loss_ : float
    The objective J of the epoch whose parameters are kept.
best_loss_ : float or None
    Smallest of ``loss_curve_``; None with early stopping.
loss_curve_ : list of float
    The objective J of each epoch: mean loss plus penalty.
validation_scores_ : list of float or None
    Score of each epoch on the validation data; None without early stopping.
best_validation_score_ : float or None
    The score of the parameters kept by early stopping.
history_ : dict of {str: list of float}
    What happened in each epoch, ready for ``pandas.DataFrame``: 'loss' (J),
    'penalty' (its Ω), 'learning_rate', 'validation_loss' and 'validation_score' if
    there are validation data, and for each layer 'weight_norm_<i>' and
    'gradient_norm_<i>', the latter of the epoch's last step.
n_layers_ : int
    Number of layers, input and output included.
n_outputs_ : int
    Number of outputs; of a regressor, of targets.
out_activation_ : str
    Name of the inverse link.
"""


if __name__ == "__main__":
    main()
