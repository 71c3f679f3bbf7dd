"""What both estimators share: hyperparameters, validation, fit and predict."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_is_fitted, validate_data

from sknnreg._assemble import (
    build_network,
    check_lbfgs,
    check_numbers,
    hidden_sizes,
)
from sknnreg._fitting import fit_lbfgs, fit_stochastic
from sknnreg._sklearn import Interval, Options, StrOptions, _check_sample_weight
from sknnreg._validation import Validation, split_rows
from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.initializers import INITIALIZERS
from sknnreg.engine.layers import NORMALIZATIONS
from sknnreg.engine.layers.noise import feature_std
from sknnreg.engine.network import Bound, Network
from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.parameters import Parameters
from sknnreg.engine.penalties import PENALTIES
from sknnreg.engine.schedules import SCHEDULES
from sknnreg.engine.streams import Streams

NON_NEGATIVE = Interval(Real, 0, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
#: rows times samples of one block of stochastic passes
SAMPLING_ROWS = 8192
COUNT = Interval(Integral, 1, None, closed="left")


class Choice(StrOptions):
    """One of the names in a registry, as it is when asked, or an extra word."""

    def __init__(self, registry, *extra):
        self.registry, self.extra = registry, extra
        super().__init__({*registry, *extra})

    def is_satisfied_by(self, val):
        self.options = {*self.registry, *self.extra}
        return super().is_satisfied_by(val)


class BaseMLP(BaseEstimator, ABC):
    """Multi-layer perceptron on the NumPy engine. Use the derived classes."""

    _parameter_constraints: dict = {
        "hidden_layer_sizes": ["array-like", COUNT],
        "activation": [Choice(ACTIVATIONS)],
        "solver": [Choice(OPTIMIZERS, "lbfgs")],
        "alpha": [NON_NEGATIVE, "array-like"],
        "batch_size": [StrOptions({"auto"}), COUNT],
        "learning_rate": [Choice(SCHEDULES), callable],
        "learning_rate_init": [POSITIVE],
        "power_t": [NON_NEGATIVE],
        "max_iter": [COUNT],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [NON_NEGATIVE],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [POSITIVE],
        "n_iter_no_change": [COUNT, Options(Real, {np.inf})],
        "max_fun": [COUNT],
        "init": [Choice(INITIALIZERS, "auto"), callable],
        "bias_init": [Choice(INITIALIZERS, "auto"), callable],
        "penalty": [Choice(PENALTIES), None],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
        "alpha_bias": [NON_NEGATIVE, "array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "input_dropout": [Interval(Real, 0, 1, closed="left")],
        "scoring": [str, callable, None],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
        "normalization": [Choice(NORMALIZATIONS), None],
        "residual": ["boolean"],
        "input_noise": [NON_NEGATIVE],
        "max_norm": [POSITIVE, None],
        "clip_norm": [POSITIVE, None],
        "warmup_fraction": [Interval(Real, 0, 1, closed="left")],
        "decay_rate": [Interval(Real, 0, 1, closed="right")],
        "decay_epochs": [COUNT],
    }

    @abstractmethod
    def __init__(
        self,
        hidden_layer_sizes,
        activation,
        solver,
        alpha,
        batch_size,
        learning_rate,
        learning_rate_init,
        power_t,
        max_iter,
        shuffle,
        random_state,
        tol,
        verbose,
        warm_start,
        momentum,
        nesterovs_momentum,
        early_stopping,
        validation_fraction,
        beta_1,
        beta_2,
        epsilon,
        n_iter_no_change,
        max_fun,
        init,
        bias_init,
        penalty,
        l1_ratio,
        alpha_bias,
        dropout,
        input_dropout,
        scoring,
        dtype,
        normalization,
        residual,
        input_noise,
        max_norm,
        clip_norm,
        warmup_fraction,
        decay_rate,
        decay_epochs,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.init = init
        self.bias_init = bias_init
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.alpha_bias = alpha_bias
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.scoring = scoring
        self.dtype = dtype
        self.normalization = normalization
        self.residual = residual
        self.input_noise = input_noise
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.warmup_fraction = warmup_fraction
        self.decay_rate = decay_rate
        self.decay_epochs = decay_epochs

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

    def _fit(self, X, y, sample_weight=None, validation=None, incremental=False):
        """Fit a copy and take over its result: a failure loses nothing fitted."""
        work = copy.copy(self)
        work._fit_in_place(X, y, sample_weight, validation, incremental)
        self.__dict__ = work.__dict__
        return self

    def _fit_in_place(self, X, y, sample_weight, validation, incremental):
        if validation is not None and all(part is None for part in validation):
            validation = None
        check_numbers([self])
        check_lbfgs(self)
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        dtype = self._training_dtype() if first else self.coefs_[0].dtype
        X, y = self._validate_X(X, y, dtype, reset=first)
        y = self._validate_target(y, first and not incremental)
        target = np.asarray(self._encode_target(y), X.dtype)
        weight = self._row_weights(X, y, sample_weight, incremental)
        if validation is not None:
            validation = self._validate_given(*validation, X.dtype)

        network = build_network(
            [self], X.shape[1], target.shape[1], self._loss(), X.dtype
        )
        parameters = Parameters(network.specs, 1, X.dtype)
        self._start(network, parameters, first)
        if first and self.input_noise:
            parameters.values()[0]["std"][...] = feature_std(X)
        rows = None
        if self.early_stopping and validation is None:
            labels = self._stratify(y)
            rows, held_out = split_rows(
                len(target), self.validation_fraction, labels, self._seed[0]
            )
            validation = Validation(X, target, y, weight, held_out)
        data = (X, np.asarray(self._training_target(target), X.dtype), weight, rows)
        fit = fit_lbfgs if self.solver == "lbfgs" else fit_stochastic
        fit(self, network, parameters, data, validation, incremental)

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

    def _validate_given(self, X, y, sample_weight, dtype):
        if X is None or y is None:
            raise ValueError("X_val and y_val must be given together.")
        X, y = self._validate_X(X, y, dtype, reset=False)
        target = np.asarray(self._encode_target(y), dtype)
        weight = self._row_weights(X, y, sample_weight, incremental=False)
        return Validation(X, target, y, weight)

    def _start(self, network: Network, parameters: Parameters, first: bool) -> None:
        """First values, or those of the last fit; and where the random streams are."""
        if not hasattr(self, "_streams") or first:
            self._seed = draw_seeds(self.random_state, 1)[0]
            self._streams = Streams([self._seed])
        else:
            self._streams = copy.deepcopy(self._streams)
        self.n_layers_ = len(hidden_sizes(self)) + 2
        self.n_outputs_ = network.n_out
        self.out_activation_ = network.loss.link
        if first or not hasattr(self, "history_"):
            self.t_, self.best_iter_ = 0, 0
            self.history_, self.loss_curve_ = {}, []
            vars(self).pop("_optimizer_state", None)
        if first:
            parameters.initialize(self._streams.initial())
            return
        before = self._values(network)
        for old, new in zip(before, parameters.values(), strict=True):
            for name, array in new.items():
                if old[name].shape != array.shape:
                    raise ValueError(
                        f"warm_start and partial_fit go on with fitted coefficients of "
                        f"shape {old[name].shape[1:]}, but hidden_layer_sizes="
                        f"{self.hidden_layer_sizes!r} and the data need "
                        f"{array.shape[1:]}."
                    )
                array[...] = old[name]

    def _publish(self, values, k: int) -> None:
        """Make model k of a stack the fitted arrays."""
        self.coefs_, self.intercepts_, self._others = [], [], []
        for layer in values:
            others = {}
            for name, array in layer.items():
                if name.endswith("weight"):
                    self.coefs_.append(array[k])
                elif name.endswith("bias"):
                    self.intercepts_.append(array[k])
                else:
                    others[name] = array[k]
            self._others.append(others)

    # Predicting

    def _values(self, network: Network):
        """The fitted arrays as the engine takes them: one dict a layer, K = 1."""
        coefs, intercepts = iter(self.coefs_), iter(self.intercepts_)
        values = []
        for i, specs in enumerate(network.specs):
            values.append({})
            for name in specs:
                if name.endswith("weight"):
                    array = next(coefs)
                elif name.endswith("bias"):
                    array = next(intercepts)
                else:
                    array = self._others[i][name]
                values[i][name] = np.asarray(array)[None]
        return values

    def _network(self) -> Network:
        n_in, n_out = self.coefs_[0].shape[0], self.n_outputs_
        return build_network([self], n_in, n_out, self._loss(), self.coefs_[0].dtype)

    def _validate_new(self, X):
        return validate_data(
            self, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=False
        )

    def _raw_predict(self, X):
        """Raw outputs (n, n_outputs) for new data."""
        check_is_fitted(self)
        X = self._validate_new(X)
        network = self._network()
        return Bound(network, self._values(network)).predict(X)[0]

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
        network = self._network()
        values = [
            {
                name: np.broadcast_to(array, (n_samples, *array.shape[1:]))
                for name, array in layer.items()
            }
            for layer in self._values(network)
        ]
        streams = Streams(draw_seeds(self.random_state, n_samples))
        block = max(1, SAMPLING_ROWS // n_samples)
        return Bound(network, values).predict(X, block, streams)

    @property
    def feature_importances_(self):
        """Euclidean norm of the weights that leave each input, of shape (n_features,).

        Exactly zero for an input that ``penalty="group_l1"`` dropped.
        """
        check_is_fitted(self)
        first = [self.coefs_[0]]
        if "projection" in self._others[0]:
            first.append(self._others[0]["projection"])
        return np.sqrt(sum(np.vecdot(W, W) for W in first))

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


def draw_seeds(random_state, n: int) -> list[tuple[int, ...]]:
    """``n`` seeds of 128 bits; the same for the same int ``random_state``."""
    rng = check_random_state(random_state)
    words = rng.randint(2**32, size=(n, 4), dtype=np.uint32)
    return [tuple(row) for row in words.tolist()]
