"""The hyperparameters that both estimators share, and what is allowed for each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator

from sknnreg._sklearn import Interval, Options, StrOptions
from sknnreg.engine.activations import ACTIVATIONS
from sknnreg.engine.initializers import INITIALIZERS
from sknnreg.engine.layers import NORMALIZATIONS
from sknnreg.engine.optimizers import OPTIMIZERS
from sknnreg.engine.penalties import PENALTIES
from sknnreg.engine.schedules import SCHEDULES

NON_NEGATIVE = Interval(Real, 0, None, closed="left")
POSITIVE = Interval(Real, 0, None, closed="neither")
COUNT = Interval(Integral, 1, None, closed="left")


class Choice(StrOptions):
    """One of the names in a registry, as it is when asked, or an extra word."""

    def __init__(self, registry, *extra):
        self.registry, self.extra = registry, extra
        super().__init__({*registry, *extra})

    def is_satisfied_by(self, val):
        self.options = {*self.registry, *self.extra}
        return super().is_satisfied_by(val)


class Hyperparameters(BaseEstimator, ABC):
    """Stores them; the registries of the engine say which names there are."""

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
