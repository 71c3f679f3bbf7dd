"""How large activations and gradients are, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import check_scalar

from sknnreg._assemble import hidden_sizes
from sknnreg._caller import warn
from sknnreg._composition import opened, record
from sknnreg._hyperparameters import check_entries, check_lbfgs
from sknnreg._run import start
from sknnreg.engine.network import batch
from sknnreg.engine.signals import Signals, measure_signals
from sknnreg.engine.training import Report, Task
from sknnreg.inspection._common import (
    GREY,
    LINE_STYLES,
    find_network,
    looks,
    panels,
    style,
    text_of,
)

if TYPE_CHECKING:
    from typing import Self

    from matplotlib.axes import Axes

#: rows that are sent through the network, at most
N_ROWS = 1024


class SignalPropagationDisplay:
    """Scale of the activations and of their gradients, layer by layer.

    In a deep network each layer shrinks or stretches what passes it. If it does so by
    the same factor everywhere, signals vanish or explode with depth: activations on
    their way forward, gradients on their way back. Whether they do is a matter of the
    first weights (``init``), the activation, normalization and residual connections.

    The scale is the root mean square over rows and units of what leaves each hidden
    layer, after its activation, and of the gradient with respect to the same. The
    gradient is that of each row's own loss, so that it does not depend on the number of
    rows. Dropout and noise are off; batch normalization uses the batch's statistics.

    It is recommended to use :meth:`from_estimator` to create a display. All parameters
    are stored as attributes.

    Parameters
    ----------
    activations, gradients : ndarray of shape (n_init, n_epochs, n_hidden_layers)
        Root mean square of the activations, and of the gradients. NaN where training
        had ended before.

    inputs, outputs : ndarray of shape (n_init, n_epochs)
        Root mean square of what enters the network, and of the gradient with respect
        to its raw outputs.

    init : list of str
        Name of each initialization.

    epochs : list of int
        Epochs of training after which the scales were measured.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (2,)
        The activations', and the gradients'.

    figure_ : matplotlib Figure
        Figure with the axes.

    lines_ : ndarray of matplotlib Line2D of shape (2, n_init, n_epochs)
        The first axis tells activations from gradients.

    reference_lines_ : list of matplotlib Line2D
        The scale with which the first curve begins.

    References
    ----------
    Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward
    neural networks"; He et al. 2015, "Delving deep into rectifiers".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg.inspection import SignalPropagationDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifierScratch((20,) * 6, random_state=0)
    >>> display = SignalPropagationDisplay.from_estimator(
    ...     model, X, y, init=["he_normal", "normal"]
    ... )
    >>> he, normal = display.activations[:, 0, -1]
    >>> bool(he > 1000 * normal)
    True
    """

    def __init__(
        self,
        *,
        activations: NDArray,
        gradients: NDArray,
        inputs: NDArray,
        outputs: NDArray,
        init: Sequence[str],
        epochs: Sequence[int] = (0,),
    ) -> None:
        self.activations = activations
        self.gradients = gradients
        self.inputs = inputs
        self.outputs = outputs
        self.init = init
        self.epochs = epochs

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        init: str | Callable | Sequence[str | Callable] | None = None,
        epochs: int | Sequence[int] = (0,),
        ax: Axes | Sequence[Axes] | None = None,
        **plot_params: Any,
    ) -> Self:
        """Train clones of a network as far as asked, and plot what passes them.

        Parameters
        ----------
        estimator : estimator
            A network, a pipeline that ends in one, a ``TransformedTargetRegressor``
            around either, or a fitted search, of which the best estimator is taken.
            It need not be fitted and is not changed. It is trained without early
            stopping.

        X : array-like of shape (n_samples, n_features)
            Inputs. Of many, 1024 at equal distances are sent through the network.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        init : str, callable, or list of these, default=None
            Initializations to compare, each as for the network's ``init``. None: the
            network's own.

        epochs : int or list of int, default=(0,)
            Epochs of training after which to measure; 0 is the start.

        ax : matplotlib Axes or array of 2 of them, default=None
            As for :meth:`plot`.

        **plot_params : dict
            As for :meth:`plot`.

        Returns
        -------
        display : SignalPropagationDisplay

        Warns
        -----
        UserWarning
            If training ends, by divergence or with 'lbfgs' because it has converged,
            before the last of the epochs.
        """
        estimator = opened(estimator)
        network = find_network(estimator)
        epochs = _checked_epochs(epochs, network.max_iter)
        if not hidden_sizes(network):
            raise ValueError(
                "hidden_layer_sizes=() has no hidden layer to measure the signals of."
            )
        if init is None or isinstance(init, str) or callable(init):
            init = [network.init if init is None else init]
        recorder, seen = record(clone(estimator))
        recorder.fit(X, y)
        X, y, _ = seen[0]
        rows = [_measure(network, each, X, y, epochs) for each in init]
        columns = {
            name: np.stack([[getattr(s, name)[0] for s in row] for row in rows])
            for name in Signals._fields
        }
        names = [text_of(each) for each in init]
        return cls(**columns, init=names, epochs=epochs).plot(ax, **plot_params)

    def plot(
        self,
        ax: Axes | Sequence[Axes] | None = None,
        *,
        line_kwargs: dict[str, Any] | None = None,
    ) -> Self:
        """Plot the scales.

        Parameters
        ----------
        ax : matplotlib Axes or array of 2 of them, default=None
            Axes to plot on; one is divided. None: those of a new figure.

        line_kwargs : dict, default=None
            Keywords of ``plot`` for all curves.

        Returns
        -------
        display : SignalPropagationDisplay
        """
        self.axes_ = panels(f"{type(self).__name__}.plot", ax, 2, 2)
        self.figure_ = self.axes_[0].figure
        n = np.shape(self.activations)[2]
        forward = np.concatenate([self.inputs[..., None], self.activations], axis=2)
        backward = np.concatenate([self.gradients, self.outputs[..., None]], axis=2)
        self.lines_ = np.empty((2, *np.shape(self.inputs)), dtype=object)
        self.reference_lines_ = []
        sides = ((np.arange(n + 1), forward), (np.arange(1, n + 2), backward))
        for i, (panel, (x, scales)) in enumerate(zip(self.axes_, sides, strict=True)):
            panel.set_yscale("log", nonpositive="mask")
            _set_limits(panel, scales)
            places = np.ndindex(scales.shape[:2])
            for place, look in zip(places, self._looks(), strict=True):
                (line,) = panel.plot(x, scales[place], **style(look, line_kwargs))
                self.lines_[i][place] = line
                _mark_zeros(panel, x, scales[place], line.get_color())
            begin = scales[0, 0, 0 if i == 0 else -1]
            self.reference_lines_.append(
                panel.axhline(begin, color=GREY, linestyle=":", label="no change")
            )
            _name_layers(panel, n, x)
            title = ("Activations, forward →", "← Gradients, backward")[i]
            panel.set_title(title, fontsize="medium")
        self.axes_[0].set_ylabel("Root mean square")
        if scales[..., 0].size <= 4:
            self.axes_[0].legend(fontsize="small")
        else:  # they would cover the curves
            beside = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
            self.axes_[1].legend(fontsize="small", **beside)
        return self

    def _looks(self) -> list[dict[str, Any]]:
        """Colours tell initializations, styles epochs; if one does not vary, both."""
        n_init, n_epochs = np.shape(self.inputs)
        answer = []
        for i in range(n_init):
            for j in range(n_epochs):
                words = [str(self.init[i])] if n_init > 1 else []
                if n_epochs > 1 or n_init == 1:
                    words.append(f"epoch {self.epochs[j]}")
                look = looks(max(n_init, n_epochs))[i if n_init > 1 else j]
                if n_init > 1 and n_epochs > 1:
                    look["linestyle"] = LINE_STYLES[j % len(LINE_STYLES)]
                answer.append(look | {"label": ", ".join(words), "markersize": 4})
        return answer


class _Probe(Report):
    """Measures the signals after some epochs of a training."""

    def __init__(self, epochs: Sequence[int]) -> None:
        self.epochs = epochs
        self.found: dict[int, Signals] = {}

    def after(self, task: Task) -> None:
        epoch, rows = task.progress.epoch, task.batches
        if epoch not in self.epochs:
            return
        at = np.linspace(0, rows.n_rows - 1, min(N_ROWS, rows.n_rows))
        index = rows.rows[0, at.astype(int)]
        self.found[epoch] = measure_signals(
            task.bound.network,
            task.parameters.vectors,
            batch(rows.X[index], rows.dtype),
            rows.y[None, index],
            None if rows.weight is None else rows.weight[:, index],
        )


def _measure(network, init, X, y, epochs: Sequence[int]) -> list[Signals]:
    """The signals in a clone after each of these epochs; NaN where it ended before."""
    model = clone(network).set_params(
        init=init, early_stopping=False, n_iter_no_change=np.inf
    )
    model._validate_params()
    check_entries(model)
    check_lbfgs(model)
    run, probe = start([model], X, y), _Probe(epochs)
    probe.after(run.task)
    run.advance(max(epochs), [probe])
    missed = [epoch for epoch in epochs if epoch not in probe.found]
    if missed:
        warn(
            f"With init={text_of(init)} training ended before epoch {missed[0]}: there "
            "is nothing to show from there on.",
            UserWarning,
            model,
        )
    nothing = np.full((1, len(hidden_sizes(model))), np.nan)
    ended = Signals(nothing[:, 0], nothing, nothing, nothing[:, 0])
    return [probe.found.get(epoch, ended) for epoch in epochs]


def _checked_epochs(epochs: int | Sequence[int], last: int) -> list[int]:
    numbers = list(np.atleast_1d(np.asarray(epochs, dtype=object)))
    if not numbers:
        raise ValueError("epochs must have at least one entry.")
    for number in numbers:  # a schedule of the learning rate knows no more of them
        check_scalar(number, "epochs", Integral, min_val=0, max_val=last)
    return sorted({int(number) for number in numbers})


def _name_layers(panel, n: int, x: NDArray) -> None:
    """Numbers of some layers, and the words for the ends."""
    step = -(-n // 6)
    ends = {0: "in", n + 1: "out"}
    last = n if (n in x and n + 1 not in x) or step == 1 else n - step // 2
    between = range(step, last + 1, step)
    ticks = [i for i in (0, *between, n + 1) if i in x]
    panel.set_xticks(ticks, [ends.get(i, str(i)) for i in ticks])
    panel.set_xlabel("Hidden layer")


def _set_limits(panel, scales: NDArray) -> None:
    """At least two decades, so that a small change looks small."""
    known = scales[np.isfinite(scales) & (scales > 0)]
    # where nothing is left, any two: matplotlib would look for them, and warn
    ends = [known.min(), known.max()] if len(known) else [1, 1]
    low, high = np.log10(ends)
    margin = max(0.05 * (high - low), (2 - (high - low)) / 2)
    panel.set_ylim(10 ** (low - margin), 10 ** (high + margin))


def _mark_zeros(panel, x, scales, color) -> None:
    """Where nothing is left at all a logarithm has no place: at the lower edge."""
    zero = x[scales == 0]
    if len(zero):
        look = {"color": color, "marker": "v", "linestyle": "none", "clip_on": False}
        transform = panel.get_xaxis_transform()
        panel.plot(zero, np.zeros(len(zero)), transform=transform, **look)
