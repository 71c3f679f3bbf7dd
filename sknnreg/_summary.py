"""A network as a table: its layers, their sizes, and what regularizes them."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sknnreg._assemble import build_network, per_layer
from sknnreg._fitted import fitted_arrays
from sknnreg._hyperparameters import check_entries
from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.layers import INPUT_LAYERS, Activate, Dropout, Layer, Residual
from sknnreg.engine.losses import Loss
from sknnreg.engine.network import Network
from sknnreg.engine.parameters import Spec, Views
from sknnreg.engine.penalties import PENALTIES

if TYPE_CHECKING:
    from sknnreg._base import BaseMLP

HEADER = ("layer", "output", "parameters", "zeros", "regularization")
#: columns of text, at most
WIDTH = 88


class Row(NamedTuple):
    """One layer.

    Attributes
    ----------
    kind : str
        What it does; of a layer inside a residual block, indented.
    n_out : int or None
        Units; None where that depends on data not seen yet.
    n_parameters : int or None
        Parameters that are trained.
    zero_share : float or None
        Share of its weights that are exactly zero; None if it has none, or is not
        fitted.
    regularization : str
        Penalty, rate or limit.
    """

    kind: str
    n_out: int | None
    n_parameters: int | None
    zero_share: float | None
    regularization: str

    @property
    def cells(self) -> tuple[str, ...]:
        """As text; "?" is what only data can tell."""
        return (
            self.kind,
            "?" if self.n_out is None else str(self.n_out),
            "?" if self.n_parameters is None else f"{self.n_parameters:,}",
            "" if self.zero_share is None else f"{self.zero_share:.1%}",
            self.regularization,
        )


@dataclass(frozen=True)
class Summary:
    """The layers of a network, as text and in notebooks as a table.

    Attributes
    ----------
    name : str
        Of the estimator's class.
    rows : list of Row
        One a layer.
    n_parameters : int or None
        Parameters that are trained, of all layers; None where that depends on data not
        seen yet.
    zero_share : float or None
        Share of all weights that are exactly zero; None if not fitted.
    """

    name: str
    rows: list[Row]
    n_parameters: int | None
    zero_share: float | None

    @property
    def total(self) -> str:
        """The last line."""
        n = "?" if self.n_parameters is None else f"{self.n_parameters:,}"
        text = f"{n} parameters"
        if self.zero_share is not None:
            text += f", {self.zero_share:.1%} of the weights exactly zero"
        return text

    def __str__(self) -> str:
        cells = [HEADER, *(row.cells for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)][:-1]
        left = WIDTH - sum(widths) - 2 * len(widths)
        lines: list[str] = []
        for *first, last in cells:
            parts = textwrap.wrap(last, max(left, 20)) or [""]
            lines.append(_aligned(first, widths) + parts[0])
            lines += [" " * (WIDTH - left) + part for part in parts[1:]]
        lines = [line.rstrip() for line in lines]
        rule = "-" * max(len(line) for line in (*lines, self.total))
        return "\n".join(
            [self.name, rule, lines[0], rule, *lines[1:], rule, self.total]
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        def line(cells: Sequence[str], tag: str) -> str:
            return "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)

        body = "".join(f"<tr>{line(row.cells, 'td')}</tr>" for row in self.rows)
        return (
            f"<table><caption>{html.escape(self.name)}</caption>"
            f"<thead><tr>{line(HEADER, 'th')}</tr></thead><tbody>{body}</tbody>"
            f'<tfoot><tr><td colspan="{len(HEADER)}">{html.escape(self.total)}</td>'
            "</tr></tfoot></table>"
        )


def summary(estimator: BaseMLP) -> Summary:
    """The layers of a network.

    Parameters
    ----------
    estimator : MLPClassifierScratch or MLPRegressorScratch
        Need not be fitted: then what depends on the data is "?".

    Returns
    -------
    summary : Summary
        Print it, or leave it as the last line of a notebook's cell.

    Examples
    --------
    >>> from sknnreg import MLPClassifierScratch
    >>> from sknnreg._summary import summary
    >>> summary(MLPClassifierScratch((64, 10), penalty="l1", alpha=0.01, dropout=0.2))
    MLPClassifierScratch, not fitted
    --------------------------------------------------
    layer    output  parameters  zeros  regularization
    --------------------------------------------------
    dense 1      64           ?         l1, alpha=0.01
    relu         64           0
    dropout      64           0         dropout=0.2
    dense 2      10         650         l1, alpha=0.01
    relu         10           0
    dropout      10           0         dropout=0.2
    dense 3       ?           ?         l1, alpha=0.01
    --------------------------------------------------
    ? parameters
    """
    name = type(estimator).__name__
    if hasattr(estimator, "coefs_"):
        network = estimator._network
        arrays = fitted_arrays(estimator, network)
        pieces = _pieces(network)
        rows = [_row(estimator, piece, _weights(piece, arrays)) for piece in pieces]
        weights = np.concatenate([_weights(piece, arrays) for piece in pieces])
        zero_share = float(np.mean(weights == 0))
    else:
        estimator._validate_params()
        check_entries(estimator)
        # what differs between two networks for different data depends on the data
        small, large = (
            [_row(estimator, piece) for piece in _pieces(network)]
            for network in (
                build_network([estimator], n_in, n_out, Loss(), np.float64)
                for n_in, n_out in ((1, 1), (2, 3))
            )
        )
        rows = [_agreed(*pair) for pair in zip(small, large, strict=True)]
        name, zero_share = f"{name}, not fitted", None
    counts = [row.n_parameters for row in rows]
    total = None if None in counts else sum(n for n in counts if n is not None)
    return Summary(name, rows, total, zero_share)


class _Piece(NamedTuple):
    """A layer, or a part of a residual block.

    ``layer`` is its number in the network, ``weighted`` that among the layers with
    weights, -1 before the first; ``n_weighted`` is how many of these there are.
    """

    kind: str
    content: Layer | None
    n_out: int
    specs: dict[str, Spec]
    layer: int
    weighted: int
    n_weighted: int


def _pieces(network: Network) -> list[_Piece]:
    """What has a row."""
    has_weights = [
        any(spec.part == "weights" for spec in specs.values())
        for specs in network.specs
    ]
    pieces = []
    for i, layer in enumerate(network.layers):
        place = (i, sum(has_weights[: i + 1]) - 1, sum(has_weights))
        if not isinstance(layer, Residual):
            pieces.append(_Piece("", layer, layer.n_out, layer.specs, *place))
            continue
        pieces.append(_Piece("residual block", None, layer.n_out, {}, *place))
        for prefix, inner in zip(layer.prefixes, layer.body, strict=True):
            specs = {prefix + name: spec for name, spec in inner.specs.items()}
            pieces.append(_Piece("  ", inner, inner.n_out, specs, *place))
        own = {k: v for k, v in layer.specs.items() if v.role == "shortcut"}
        pieces.append(_Piece("  shortcut", None, layer.n_out, own, *place))
    return pieces


def _row(model: BaseMLP, piece: _Piece, weights: NDArray | None = None) -> Row:
    kind, content = piece.kind, piece.content
    regularization = ""
    if isinstance(content, Activate):
        kind += next(
            name for name, each in ACTIVATIONS.items() if each is type(content.function)
        )
    elif content is not None:
        kind += re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(content).__name__).lower()
    if any(spec.part == "weights" for spec in piece.specs.values()):
        kind += f" {piece.weighted + 1}" if piece.content is not None else ""
        regularization = _penalty(model, piece)
    elif piece.weighted < 0:
        names = [n for n, made in INPUT_LAYERS.items() if made is type(content)]
        regularization = ", ".join(f"{n}={getattr(model, n):.3g}" for n in names)
    elif isinstance(content, Dropout):
        rates = per_layer([model], "dropout", piece.n_weighted - 1, float)
        regularization = f"dropout={rates[piece.weighted]:.3g}"
    trained = [spec.size for spec in piece.specs.values() if spec.part != "state"]
    share = None
    if weights is not None and weights.size:
        share = float(np.mean(weights == 0))
    return Row(kind, piece.n_out, sum(trained), share, regularization)


def _weights(piece: _Piece, arrays: Views) -> NDArray:
    """All weights of a fitted layer."""
    names = [name for name, spec in piece.specs.items() if spec.part == "weights"]
    found = [arrays[piece.layer][name].ravel() for name in names]
    return np.concatenate([np.empty(0), *found])


def _penalty(model: BaseMLP, piece: _Piece) -> str:
    """What keeps the weights of a layer small."""
    parts = []
    if model.penalty is not None:
        alpha, ratio, alpha_bias = (
            per_layer([model], name, piece.n_weighted, float)[piece.weighted]
            for name in ("alpha", "l1_ratio", "alpha_bias")
        )
        kind = PENALTIES[model.penalty]
        used = kind.of_layer(piece.weighted, alpha, ratio, False)
        if np.any(used.alpha):
            names = [name for name, each in PENALTIES.items() if each is type(used)]
            parts += [*names[:1], f"alpha={used.alpha:.3g}"]
            if 0 < used.l1_ratio < 1:
                parts.append(f"l1_ratio={used.l1_ratio:.3g}")
        if alpha_bias and any(s.part == "biases" for s in piece.specs.values()):
            parts.append(f"alpha_bias={alpha_bias:.3g}")
    if model.max_norm is not None:
        parts.append(f"max_norm={model.max_norm:.3g}")
    return ", ".join(parts)


def _agreed(one: Row, other: Row) -> Row:
    """A row without the numbers in which two differ."""
    return one._replace(
        n_out=one.n_out if one.n_out == other.n_out else None,
        n_parameters=one.n_parameters
        if one.n_parameters == other.n_parameters
        else None,
    )


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Text to the left, numbers to the right."""
    columns = zip(cells, "<>>>", widths, strict=True)
    return "".join(f"{cell:{side}{width}}  " for cell, side, width in columns)
