"""From a network to the table that compiled code works by.

Nothing here is compiled. A network becomes a row of numbers a layer, a regularizer the
strengths of segments of theta; what of both needs code becomes a :class:`Structure`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sknnreg.engine import layers as kinds
from sknnreg.engine.activations import Activation, Identity
from sknnreg.engine.compiled import activations
from sknnreg.engine.layers import Layer
from sknnreg.engine.network import Network
from sknnreg.engine.parameters import Parameters
from sknnreg.engine.penalties import L1, L2, ElasticNet, GroupL1, Regularizer

FIELDS = (
    "kind", "activation", "n_in", "n_out", "need_dx",
    # in the values and slopes of a batch: input, output, before the activation, more
    "x", "y", "z", "extra",
    # in theta, in the running statistics, in memory for statistics, in the numbers
    "weight", "bias", "state", "statistics", "number",
)  # fmt: skip
OP = np.dtype([(name, np.int64) for name in FIELDS])


class NoForm(Exception):
    """A piece has no compiled form."""


class Structure(NamedTuple):
    """The pieces that compiled code is made of; sizes and strengths are left open.

    A network needs those that it has; code with more of them would do as well.
    """

    layers: tuple[str, ...]
    activations: tuple[str, ...]
    losses: tuple[str, ...]
    optimizers: tuple[str, ...]
    options: tuple[str, ...]

    @property
    def key(self) -> str:
        """As one string, by which compiled code is found again."""
        return "|".join(" ".join(names) for names in self)

    @classmethod
    def of(cls, key: str) -> Structure:
        """The structure that has this key."""
        return cls(*(tuple(names.split()) for names in key.split("|")))

    def with_usual(self) -> Structure:
        """With the usual pieces too, so that a search over them compiles once."""
        return Structure(
            *(in_order({*own, *more}) for own, more in zip(self, USUAL, strict=True))
        )


#: What makes no step slower that does not have it. All of it takes half as much again
#: to compile as a plain network alone.
USUAL = Structure(
    layers=("dense", "dropout", "input_scale"),
    activations=("Identity", "Relu", "Silu"),
    losses=(),
    optimizers=(),
    options=("groups", "kink"),
)


class Program:
    """The table of a network for batches of up to ``rows`` rows.

    Attributes
    ----------
    layers, activations : tuple of str
        The kinds that it has.
    numbers : list of float or ndarray of shape (K, 1)
        Of dropout (threshold and scale) and batch normalization (momentum).
    lowest : int
        The first op that goes backward.
    size, extra, words : int
        Numbers of ``value`` and ``slope``, of memory for statistics and random words.
    output : int
        Where raw outputs begin.
    noise : InputNoise or None
        Added when rows are taken.
    """

    def __init__(self, parameters: Parameters, network: Network, rows: int) -> None:
        self.parameters, self.rows = parameters, rows
        self.numbers: list = []
        self.size, self.extra, self.words = rows * network.n_in, 0, 0
        self._table: list[dict] = []
        self._at, self._width = 0, network.n_in
        every = [(i, "", layer) for i, layer in enumerate(network.layers)]
        first = every[0][2]
        self.noise = first if type(first) is kinds.InputNoise else None
        self._sequence(every[self.noise is not None :])
        self.output = self._at
        self.layers = in_order({row["kind"] for row in self._table})
        self.activations = in_order({row["activation"] for row in self._table} - {None})
        learned = [row["kind"] in ("dense", "input_scale") for row in self._table]
        self.lowest = learned.index(True)

    def ops(self, structure: Structure) -> NDArray:
        """The table as numbers, (n_layers,); kinds are places in the structure."""
        table = np.zeros(len(self._table), OP)
        for i, row in enumerate(self._table):
            name = row["activation"]
            numbers = {
                "kind": structure.layers.index(row["kind"]),
                "activation": structure.activations.index(name) if name else 0,
                "need_dx": i > self.lowest,
            }
            table[i] = tuple((row | numbers).get(name, 0) for name in FIELDS)
        return table

    def _sequence(self, part: Sequence[tuple[int, str, Layer]]) -> None:
        """Layers one after the other; an activation joins the one before it."""
        for j, (i, prefix, layer) in enumerate(part):
            after = part[j + 1][2] if j + 1 < len(part) else None
            function: Activation = Identity()
            if isinstance(after, kinds.Activate):
                function = after.function
            before = part[j - 1][2] if j else None
            if type(layer) is kinds.Activate and type(before) in WITH_ACTIVATION:
                continue
            if type(layer) not in self.forms:
                raise NoForm
            self.forms[type(layer)](self, i, prefix, layer, function)

    def _memory(self, width: int) -> int:
        start, self.size = self.size, self.size + self.rows * width
        return start

    def _op(self, kind: str, width: int, **fields) -> dict:
        row: dict = {"kind": kind, "activation": None, "x": self._at, **fields}
        row |= {"n_in": self._width, "n_out": width}
        if "y" not in row:
            row["y"] = self._memory(width)
        row.setdefault("z", row["y"])
        self._table.append(row)
        self._at, self._width = row["y"], width
        return row

    def _with_activation(
        self, kind: str, width: int, function: Activation, **fields
    ) -> None:
        if type(function) not in activations.FORMS:
            raise NoForm
        fields["activation"] = type(function).__name__
        if function.needs == "z":
            fields["z"] = self._memory(width)
        self._op(kind, width, **fields)

    def _places(self, i: int, prefix: str, **names: str) -> dict[str, int]:
        """Where a layer's arrays begin, by field."""
        return {
            field: self.parameters.place(i, prefix + name).start
            for field, name in names.items()
        }

    def _dense(self, i, prefix, layer, function) -> None:
        places = self._places(i, prefix, weight="weight", bias="bias")
        self._with_activation("dense", layer.n_out, function, **places)

    def _dropout(self, i, prefix, layer, function) -> None:
        number, extra = len(self.numbers), self._memory(self._width)
        self.words = max(self.words, (self.rows * self._width + 3) // 4)
        self.numbers += [layer.threshold[..., 0], layer.scale[..., 0]]
        self._op("dropout", self._width, number=number, extra=extra)

    def _input_scale(self, i, prefix, layer, function) -> None:
        self._op("input_scale", self._width, **self._places(i, prefix, weight="scale"))

    def _batch_norm(self, i, prefix, layer, function) -> None:
        places = self._places(i, prefix, weight="gamma", bias="beta", state="mean")
        places |= {"number": len(self.numbers), "statistics": self.extra}
        self.numbers.append(layer.momentum)
        self.extra += 2 * self._width
        extra = self._memory(self._width)
        width = self._width
        self._with_activation("batch_norm", width, function, extra=extra, **places)

    def _layer_norm(self, i, prefix, layer, function) -> None:
        places = self._places(i, prefix, weight="gamma", bias="beta")
        places["statistics"] = self.extra
        self.extra += self.rows
        extra, width = self._memory(self._width), self._width
        self._with_activation("layer_norm", width, function, extra=extra, **places)

    def _residual(self, i, prefix, layer, function) -> None:
        x, n_in = self._at, self._width
        fork = self._op("fork", n_in, y=x, extra=self._memory(n_in))
        self._sequence(
            [
                (i, own, each)
                for own, each in zip(layer.prefixes, layer.body, strict=True)
            ]
        )
        weight = -1
        if "projection" in layer.specs:
            weight = self._places(i, "", weight="projection")["weight"]
        body, self._width = self._at, n_in
        join = self._op("join", layer.n_out, x=x, z=body, weight=weight)
        fork |= {"y": join["y"], "n_out": layer.n_out, "weight": weight}

    forms = {
        kinds.Dense: _dense,
        kinds.Dropout: _dropout,
        kinds.InputScale: _input_scale,
        kinds.BatchNorm: _batch_norm,
        kinds.LayerNorm: _layer_norm,
        kinds.Residual: _residual,
    }


def in_order(names: set[str]) -> tuple[str, ...]:
    """Of equal sets the same, whatever the order of their making."""
    return tuple(sorted(names))


#: layers that add a bias or shift, and apply an activation in the same pass
WITH_ACTIVATION = (kinds.Dense, kinds.BatchNorm, kinds.LayerNorm)


#: penalties that are strengths of w² and |w|; a class derived from them may be more
ELASTIC = (L1, L2, ElasticNet)


class Strengths(NamedTuple):
    """A regularizer, as compiled code takes it.

    Attributes
    ----------
    segments : ndarray of int of shape (n, 2)
        Beginning and end of each part of theta with equal strengths.
    own : ndarray of shape (K, n, 3)
        Their l1, l2 and factor of the learning rate.
    groups : ndarray of int of shape (m, 3)
        Beginning and shape of each matrix with a penalty on its rows.
    limits : ndarray of shape (K, m)
        Strengths of these.
    """

    segments: NDArray
    own: NDArray
    groups: NDArray
    limits: NDArray

    @classmethod
    def of(cls, regularizer: Regularizer, parameters: Parameters) -> Strengths:
        n_models, n = parameters.theta.shape
        table = np.zeros((3, n_models, n), parameters.theta.dtype)
        table[2] = 1.0 if parameters.rates is None else parameters.rates
        groups, limits = [], []
        for term in regularizer.terms:
            penalty = term.penalty
            if isinstance(penalty, ElasticNet) and type(penalty) in ELASTIC:
                table[0, :, term.place] += np.atleast_2d(penalty.l1)
                table[1, :, term.place] += np.atleast_2d(penalty.l2)
            elif type(penalty) is not GroupL1:
                raise NoForm
            elif penalty.has_kink:
                groups.append((term.place.start, *term.shape))
                limit = np.ravel(penalty.strength) * np.sqrt(term.shape[-1])
                limits.append(np.broadcast_to(limit, n_models))
        changes = (np.diff(table, axis=2) != 0).any(axis=(0, 1))
        edges = [0, *(np.flatnonzero(changes) + 1).tolist(), n]
        segments = np.array(list(itertools.pairwise(edges)))
        return cls(
            segments,
            table[:, :, segments[:, 0]].transpose(1, 2, 0).astype(float, order="C"),
            np.array(groups, np.int64).reshape(-1, 3),
            np.array(limits).T.reshape(n_models, -1).copy(),
        )
