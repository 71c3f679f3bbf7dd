"""What both estimators share: hyperparameters, validation, fit and predict."""

from __future__ import annotations

import copy
from abc import abstractmethod
from numbers import Integral

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted, validate_data

from sknnreg._assemble import (
    build_network,
    check_lbfgs,
    check_numbers,
    hidden_sizes,
)
from sknnreg._fitting import Data, fit_lbfgs, fit_stochastic, initialize
from sknnreg._hyperparameters import Hyperparameters
from sknnreg._sklearn import _check_sample_weight, _fit_context
from sknnreg._validation import Validation, split_rows
from sknnreg.engine.network import Bound, Network
from sknnreg.engine.parameters import Parameters
from sknnreg.engine.streams import Streams

#: rows times samples of one block of stochastic passes
SAMPLING_ROWS = 8192


class BaseMLP(Hyperparameters):
    """Multi-layer perceptron on the NumPy engine. Use the derived classes."""

    # What the two estimators do differently

    @abstractmethod
    def _validate_target(self, y, reset: bool):
        """Check ``y``, learn from it if ``reset``; gives it with no useless axis."""

    @abstractmethod
    def _encode_target(self, y):
        """What the engine trains on, for a ``y`` of the kind already learned."""

    @abstractmethod
    def _loss(self):
        """The engine's loss, once the target is known."""

    def _learn_classes(self, y, classes):
        """Before ``partial_fit``: all classes that will come, for a classifier."""

    def _stratify(self, y):
        """Labels by which the validation split is stratified, or None."""
        return

    def _class_weights(self, y, incremental: bool):
        """A weight a row from ``class_weight``, or None."""
        return

    def _training_target(self, target):
        """What stands for the target while training."""
        return target

    # Fitting

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Fit the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: numbers for a regressor; for a classifier class labels, or the
            indicator matrix of a multilabel target.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows.
        X_val, y_val : as X and y, default=None
            Validation data, used instead of a split. Without early stopping they are
            only scored, for ``history_``.
        sample_weight_val : array-like of shape (n_validation_samples,), default=None
            Weights of the validation rows.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a hyperparameter or the data are invalid, or training diverges before any
            epoch was better than the start. What was fitted before stays.
        """
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    def _fit(
        self,
        X,
        y,
        sample_weight=None,
        validation=None,
        incremental=False,
        classes=None,
    ):
        """Fit a copy and take over its result: a failure loses nothing fitted."""
        work = copy.copy(self)
        if incremental:
            work._learn_classes(y, classes)
        work._fit_in_place(X, y, sample_weight, validation, incremental)
        self.__dict__ = work.__dict__
        return self

    def _fit_in_place(self, X, y, sample_weight, validation, incremental):
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        data = self._prepare(X, y, sample_weight, validation, first, incremental)
        network = self._build_network(data)
        parameters = Parameters(network.specs, 1, data.X.dtype)
        if first:
            initialize(parameters, self._streams, data.X)
        else:
            self._resume(network, parameters, data.X)
        fit = fit_lbfgs if self.solver == "lbfgs" else fit_stochastic
        fit(self, network, parameters, data, incremental)

    def _prepare(
        self, X, y, sample_weight, validation, first=True, incremental=False
    ) -> Data:
        """Check and encode the data, learn from them, and make the split."""
        if validation is not None and all(part is None for part in validation):
            validation = None
        check_numbers([self])
        check_lbfgs(self)
        dtype = self._training_dtype() if first else self.coefs_[0].dtype
        X, y = self._validate_X(X, y, dtype, reset=first)
        y = self._validate_target(y, first and not incremental)
        target = np.asarray(self._encode_target(y), X.dtype)
        weight = self._row_weights(X, y, sample_weight, incremental)
        if validation is not None:
            validation = self._validate_given(*validation, X.dtype, target.shape[1])
        self._start(first)
        rows = None
        if self.early_stopping and validation is None:
            labels = self._stratify(y)
            if self.validation_fraction == 0:
                raise ValueError(
                    "early_stopping=True needs validation_fraction > 0, or X_val and "
                    "y_val."
                )
            rows, held_out = split_rows(
                len(target), self.validation_fraction, labels, self._seed[0]
            )
            validation = Validation(X, target, y, weight, held_out)
        target = np.asarray(self._training_target(target), X.dtype)
        return Data(X, target, weight, rows, validation)

    def _training_dtype(self):
        return [np.float64, np.float32] if self.dtype == "auto" else self.dtype

    def _validate_X(self, X, y, dtype, reset):
        return validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=is_regressor(self),
            dtype=dtype,
            reset=reset,
        )

    def _row_weights(self, X, y, sample_weight, incremental):
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(
                sample_weight, X, dtype=X.dtype, ensure_non_negative=True
            )
        by_class = self._class_weights(y, incremental)
        if by_class is not None:
            weight = (by_class if weight is None else weight * by_class).astype(X.dtype)
        if weight is not None and not weight.any():
            raise ValueError(
                "Sample weights must contain at least one non-zero number."
            )
        return weight

    def _validate_given(self, X, y, sample_weight, dtype, n_outputs):
        if X is None or y is None:
            raise ValueError("X_val and y_val must be given together.")
        X, y = self._validate_X(X, y, dtype, reset=False)
        target = np.asarray(self._encode_target(y), dtype)
        if target.shape[1] != n_outputs:
            raise ValueError(
                f"y_val has {target.shape[1]} outputs, but y has {n_outputs}."
            )
        weight = self._row_weights(X, y, sample_weight, incremental=False)
        return Validation(X, target, y, weight)

    def _start(self, first: bool) -> None:
        """Where the random streams and the history begin."""
        if not hasattr(self, "_streams") or first:
            self._seed = draw_seeds(self.random_state, 1)[0]
            self._streams = Streams([self._seed])
        else:
            self._streams = copy.deepcopy(self._streams)
        if first or not hasattr(self, "history_"):
            self._forget()

    def _forget(self) -> None:
        """Nothing has happened yet."""
        self.t_, self.best_iter_ = 0, 0
        self.history_, self.loss_curve_ = {}, []
        vars(self).pop("_optimizer_state", None)

    def _build_network(self, data: Data) -> Network:
        """The network for checked data; sets the attributes that describe it."""
        network = build_network(
            [self], data.X.shape[1], data.target.shape[1], self._loss(), data.X.dtype
        )
        self._network = network
        self.n_layers_ = len(hidden_sizes(self)) + 2
        self.n_outputs_ = network.n_out
        self.out_activation_ = network.loss.link
        return network

    def _resume(self, network: Network, parameters: Parameters, X) -> None:
        """Start from the fitted arrays."""
        initialize(parameters, self._streams, X)
        n_layers = len(parameters.matrices())
        if len(self.coefs_) != n_layers:
            raise ValueError(
                f"warm_start and partial_fit go on with {len(self.coefs_)} fitted "
                f"layers, but hidden_layer_sizes={self.hidden_layer_sizes!r} needs "
                f"{n_layers}."
            )
        fitted = self._values(network)
        for old, new in zip(fitted, parameters.values(), strict=True):
            for name, array in old.items():
                if array.shape != new[name].shape:
                    raise ValueError(
                        "warm_start and partial_fit go on with fitted coefficients of "
                        f"shape {array.shape[1:]}, but hidden_layer_sizes="
                        f"{self.hidden_layer_sizes!r} and the data need "
                        f"{new[name].shape[1:]}."
                    )
                new[name][...] = array

    def _publish(self, values, k: int) -> None:
        """Make model k of a stack the fitted arrays: of each name, layer by layer."""
        found: dict[str, list] = {"weight": [], "bias": []}
        for layer in values:
            for name, array in layer.items():
                found.setdefault(base_name(name), []).append(array[k])
        self.coefs_, self.intercepts_ = found.pop("weight"), found.pop("bias")
        self._others = found

    # Predicting

    def _values(self, network: Network):
        """The fitted arrays as the engine takes them: one dict a layer, K = 1."""
        arrays = {"weight": self.coefs_, "bias": self.intercepts_}
        arrays |= getattr(self, "_others", {})
        rest = {name: iter(found) for name, found in arrays.items()}
        return [
            {
                name: np.asarray(next(rest[base_name(name)]))[None]
                for name in specs
                if base_name(name) in rest
            }
            for specs in network.specs
        ]

    def _validate_new(self, X):
        if self._is_plain(X):
            return X  # validate_data takes several times longer than one row's answer
        return validate_data(
            self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False
        )

    def _is_plain(self, X):
        """Whether X is an array in which there is nothing to convert or refuse."""
        plain = (
            type(X) is np.ndarray
            and X.dtype in (np.float64, np.float32)
            and X.ndim == 2
            and len(X) > 0
            and X.shape[1] == self.n_features_in_
            and not hasattr(self, "feature_names_in_")
        )
        with np.errstate(over="ignore", invalid="ignore"):
            return plain and np.isfinite(X.sum())

    def _raw_predict(self, X):
        """Raw outputs (n, n_outputs) for new data."""
        check_is_fitted(self)
        X = self._validate_new(X)
        return Bound(self._network, self._values(self._network)).predict(X)[0]

    def _inverse_link(self, raw):
        return self._network.loss.inverse_link(raw)

    def _sample_raw(self, X, n_samples):
        """Raw outputs (n_samples, n, n_outputs) of stochastic passes (Monte Carlo).

        The passes are models of one stack with shared parameters and seeds of their
        own (Gal & Ghahramani 2016).
        """
        check_is_fitted(self)
        if not (np.any(self.dropout) or self.input_dropout or self.input_noise):
            raise ValueError(
                "Sampling predictions needs a network that is random: set dropout, "
                "input_dropout or input_noise."
            )
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        X = self._validate_new(X)
        values = [
            {
                name: np.broadcast_to(array, (n_samples, *array.shape[1:]))
                for name, array in layer.items()
            }
            for layer in self._values(self._network)
        ]
        streams = Streams(draw_seeds(self.random_state, n_samples))
        block = max(1, SAMPLING_ROWS // n_samples)
        return Bound(self._network, values).predict(X, block, streams)

    @property
    def feature_importances_(self):
        """Euclidean norm of the weights that leave each input, of shape (n_features,).

        Exactly zero for an input that ``penalty="group_l1"`` dropped.
        """
        check_is_fitted(self)
        W = self.coefs_[0]
        squares = np.vecdot(W, W)
        if "projection" in self._others and W.shape[0] != W.shape[1]:
            P = self._others["projection"][0]  # beside W, out of the same inputs
            squares = squares + np.vecdot(P, P)
        return np.sqrt(squares)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _has_partial_fit(self):
        if self.solver == "lbfgs":
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. "
                f"{self.solver} is not stochastic."
            )
        if self.early_stopping:
            raise AttributeError("partial_fit does not support early_stopping=True")
        return True


def base_name(name: str) -> str:
    """The name of an array without the prefix of the block it is in."""
    return name.rpartition(".")[2]


def draw_seeds(random_state, n: int) -> list[tuple[int, ...]]:
    """``n`` seeds of 128 bits; the same for the same int ``random_state``."""
    rng = check_random_state(random_state)
    words = rng.randint(2**32, size=(n, 4), dtype=np.uint32)
    return [tuple(row) for row in words.tolist()]
