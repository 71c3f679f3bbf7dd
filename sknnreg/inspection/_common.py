"""What the displays share: colours, axes, and the network in what a user passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sknnreg._composition import find_mlp, input_names, opened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Okabe & Ito 2008, "Color universal design"; without the yellow, too pale for lines
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
BLUE, VERMILION, GREEN = PALETTE[:3]
GREY = "#777777"
LINE_STYLES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


# Axes


def pyplot(caller: str) -> Any:
    """``matplotlib.pyplot``, imported only where something is drawn."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f'{caller} requires matplotlib: pip install "sknnreg[examples]"'
        ) from error
    return plt


def one_axes(caller: str, ax: Axes | None) -> Any:
    """The axes given, or those of a new figure."""
    return panels(caller, ax, 1)[0]


def panels(
    caller: str,
    ax: Axes | Sequence[Axes] | None,
    n: int,
    n_columns: int = 1,
    figsize: tuple[float, float] | None = None,
) -> NDArray:
    """``n`` axes: of a new figure, within the one that is given, or those given."""
    plt = pyplot(caller)
    shape = (-(-n // n_columns), n_columns)
    if ax is None:
        figure = plt.figure(figsize=figsize, layout="constrained")
        return _grid(figure, figure.add_gridspec(*shape), n)
    given = np.asarray(ax, dtype=object).ravel()
    if len(given) == n:
        return given
    if len(given) > 1 or given[0].get_subplotspec() is None:
        raise ValueError(
            f"ax must be one matplotlib Axes of a grid of subplots, or {n} of them for "
            f"this plot. Got {ax!r}."
        )
    frame = given[0]
    frame.set_axis_off()
    spec = frame.get_subplotspec().subgridspec(*shape)
    return _grid(frame.figure, spec, n)


def _grid(figure: Any, spec: Any, n: int) -> NDArray:
    made = np.empty(n, dtype=object)
    for i in range(n):
        made[i] = figure.add_subplot(spec[i // spec.ncols, i % spec.ncols])
    return made


def heading(ax: Axes | Sequence[Axes] | None, axes: NDArray, text: str) -> Any:
    """A title over all panels, in the frame that was given or the figure's own."""
    if ax is None:
        return axes[0].figure.suptitle(text, fontsize="large")
    frame = np.asarray(ax, dtype=object).ravel()[0]
    return frame.set_title(text)


def style(defaults: dict[str, Any], given: dict[str, Any] | None) -> dict[str, Any]:
    """Keywords of a line: the user's before the defaults, whichever alias they use."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return normalize_kwargs(defaults, Line2D) | normalize_kwargs(given or {}, Line2D)


def looks(n: int, ordered: bool = False) -> list[dict[str, Any]]:
    """Colour, line style and marker of ``n`` lines.

    Those with an order, such as layers, get a colour map where the palette ends.
    """
    if n <= len(PALETTE) and not (ordered and n > 4):
        colors: Any = PALETTE[:n]
    else:
        import matplotlib

        colors = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, n))
    return [
        {
            "color": color,
            "linestyle": LINE_STYLES[i % len(LINE_STYLES)],
            "marker": MARKERS[i % len(MARKERS)],
        }
        for i, color in enumerate(colors)
    ]


# Arguments


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Refuse what is not one of several words."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {tuple(choices)}. Got {value!r}.")


def text_of(value: Any) -> str:
    """A hyperparameter's value as short text."""
    if isinstance(value, Real) and not isinstance(value, (bool, np.bool_)):
        return f"{value:.3g}"
    if isinstance(value, (list, tuple, np.ndarray)):
        parts = [text_of(part) for part in value]
        return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    text = " ".join(str(value).split())
    return text if len(text) <= 24 else text[:21] + "..."


# Estimators


def find_network(estimator: Any) -> Any:
    """The network inside a pipeline, a transformed target or a fitted search."""
    network = find_mlp(opened(estimator))
    if network is None:
        raise ValueError(
            "estimator must be an MLPClassifierScratch or MLPRegressorScratch, a "
            "pipeline that ends in one, a TransformedTargetRegressor around either, or "
            f"a search over these, fitted with refit. Got {estimator!r}."
        )
    return network


def fitted_network(estimator: Any) -> Any:
    """The same, which must be fitted."""
    network = find_network(estimator)
    check_is_fitted(network)
    return network


def names_of_inputs(
    estimator: Any, given: Sequence[str] | None, n_inputs: int
) -> NDArray:
    """Names of what enters the network, (n_inputs,): given, known, or numbers."""
    if given is None:
        return input_names(opened(estimator), n_inputs)
    if len(given) != n_inputs:
        raise ValueError(
            f"feature_names must have {n_inputs} entries, one for each input of the "
            f"network. Got {len(given)}."
        )
    return np.asarray(given, dtype=str)


def several(estimator: Any, name: str | Sequence[str] | None) -> dict[str | None, Any]:
    """Estimators by name, from one, a dict, or a list of them and names."""
    if isinstance(estimator, Mapping):
        return dict(estimator)
    if not isinstance(estimator, (list, tuple)):
        if name is not None and not isinstance(name, str):
            raise ValueError(f"name must be a str for one estimator. Got {name!r}.")
        return {name: estimator}
    if name is None:
        names = [f"{type(e).__name__} {i}" for i, e in enumerate(estimator, 1)]
    else:
        names = [name] if isinstance(name, str) else list(name)
    if len(names) != len(estimator) or len(set(names)) < len(names):
        raise ValueError(
            f"name must have {len(estimator)} different entries, one for each "
            f"estimator. Got {name!r}."
        )
    return dict(zip(names, estimator, strict=True))
