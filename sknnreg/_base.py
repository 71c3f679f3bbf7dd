"""What both estimators share: fit, predict and sampling from scikit-learn's side."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from sknnreg._advice import did_you_mean, hint
from sknnreg._callbacks import CallbackSupportMixin, Followed
from sknnreg._checkpoint import Saving
from sknnreg._checks import check_inputs
from sknnreg._data import Given
from sknnreg._distribution import SET_DROPOUT
from sknnreg._fitted import fitted_arrays, importances
from sknnreg._html import Documented, Summarized
from sknnreg._hyperparameters import check_entries, check_lbfgs
from sknnreg._network_state import StoredNetwork
from sknnreg._report import Printer
from sknnreg._run import draw_seeds, start
from sknnreg._sklearn import InvalidParameterError, QuickToName, _fit_context
from sknnreg._target import Target
from sknnreg._threads import on_one_blas_thread, threads_for
from sknnreg.callbacks import checkpoint_of
from sknnreg.engine.network import Bound
from sknnreg.engine.streams import Streams
from sknnreg.engine.training import Report

if TYPE_CHECKING:
    from typing import Self

#: rows times samples of one block of stochastic passes
SAMPLING_ROWS = 8192


#: of ``for_tables``
FOR_TABLES: dict[str, Any] = {
    "hidden_layer_sizes": (128, 128),
    "solver": "adamw",
    "alpha": 0.05,
    "dropout": 0.15,
    "learning_rate": "cosine",
    "learning_rate_init": 4e-3,
    "batch_size": 128,
    "max_iter": 100,
    "averaging": 0.9,
    "bias_init": "data",
    "early_stopping": True,
    "validation_fraction": 0.15,
    "n_iter_no_change": 20,
    "tol": 0.0,
}


class BaseMLP(
    Summarized, Documented, CallbackSupportMixin, StoredNetwork, QuickToName, ABC
):
    """Multi-layer perceptron on the NumPy engine. Use the derived classes."""

    @abstractmethod
    def _new_target(self) -> Target:
        """The target as the hyperparameters describe it, nothing learned yet."""

    @classmethod
    def for_tables(cls, **params: Any) -> Self:
        """A network with hyperparameters that are good for tables, for a single fit.

        Two hidden layers of 128 units, decoupled weight decay, dropout, a cosine
        schedule, the average of late epochs, and the best epoch on held-out rows. Put
        it behind :class:`~sknnreg.preprocessing.TablePreprocessor`, with
        ``numbers="piecewise"`` where columns are not very many; standardize the target
        of a regression. What it is worth: :doc:`/benchmarks`.

        Parameters
        ----------
        **params : dict
            Hyperparameters to set otherwise.

        Returns
        -------
        estimator : object
            Not fitted.
        """
        return cls(**FOR_TABLES | params)

    def _validate_params(self) -> None:
        try:
            super()._validate_params()
        except InvalidParameterError as error:
            raise InvalidParameterError(f"{error}{hint(self)}") from None

    def set_params(self, **params: Any) -> Self:
        """Set hyperparameters, as every estimator of scikit-learn does."""
        try:
            return super().set_params(**params)
        except ValueError as error:
            known = self.get_params(deep=False)
            unknown = [name for name in params if name.partition("__")[0] not in known]
            if not unknown:
                raise
            raise ValueError(f"{error}{did_you_mean(unknown[0], known)}") from None

    # Fitting

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
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
            The fitted estimator. An interrupt (Ctrl-C) of a fit of your own ends it
            after the last complete epoch, with a warning.

        Raises
        ------
        ValueError
            If a hyperparameter or the data are invalid, or training diverges before any
            epoch was better than the start. What was fitted before stays.
        KeyboardInterrupt
            If no epoch was complete, or the fit was part of a search, a
            cross-validation or an ensemble. What was fitted before stays.
        """
        target, given = self._new_target(), Given(X_val, y_val, sample_weight_val)
        known = self.warm_start and hasattr(self, "coefs_")
        if known:
            target.recall(self._target.learned())
        return self._fit(X, y, sample_weight, given, target=target, known=known)

    def _fit_part(self, X, y, sample_weight, target: Target) -> Self:
        """One epoch on a part of the rows."""
        known = hasattr(self, "coefs_")
        if known:  # scikit-learn skips this, but hyperparameters may be others now
            self._validate_params()
        return self._fit(
            X, y, sample_weight, target=target, known=known, incremental=True
        )

    def _fit(
        self,
        X,
        y,
        sample_weight,
        given: Given | None = None,
        *,
        target: Target,
        known: bool,
        incremental: bool = False,
    ) -> Self:
        """Fit a copy and take over its result: a failure loses nothing fitted."""
        check_entries(self)
        check_lbfgs(self)
        given, n_epochs = given or Given(), 1 if incremental else self.max_iter
        followed = Followed.of(self, X, y, sample_weight, given, n_epochs)
        checkpoint = checkpoint_of(self, incremental)
        work, before = copy.copy(self), vars(self).keys() | set()
        run = start(
            [work],
            X,
            y,
            sample_weight,
            given,
            target=target,
            fitted=self if known else None,
            incremental=incremental,
            checkpoint=None if checkpoint is None else checkpoint.path,
        )
        reports: list[Report] = [Printer(work, run)] if self.verbose else []
        if followed is not None:
            reports.append(followed.follow(run))
        if checkpoint is not None:
            reports.append(Saving(checkpoint.path, checkpoint.every, run, n_epochs))
        run.train(n_epochs, reports, quiet=incremental)
        if run.errors[0] is not None:
            raise run.errors[0]
        # what callbacks have set on the estimator stays
        added = {name: vars(self)[name] for name in vars(self).keys() - before}
        self.__dict__ = added | work.__dict__
        if followed is not None:
            followed.finish()
        run.warn(0)
        return self

    def _why_no_partial_fit(self) -> str | None:
        if self.solver == "lbfgs":
            return "it needs a stochastic solver, and solver='lbfgs' is not."
        if self.early_stopping:
            return (
                "it trains for one epoch and has nothing to stop, so it cannot be used "
                "with early_stopping=True."
            )
        if self.averaging:
            return (
                "it trains for one epoch and has nothing to average, so it cannot be "
                f"used with averaging={self.averaging!r}; set averaging=0."
            )
        return None

    # Predicting

    def _validate_new(self, X) -> Any:
        if self._is_plain(X):
            return X  # a check takes several times longer than one row's answer
        return check_inputs(self, X, [np.float64, np.float32], reset=False)

    def _is_plain(self, X) -> bool:
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

    def _raw_predict(self, X) -> NDArray:
        """Raw outputs (n, n_raw) for new data."""
        check_is_fitted(self)
        X = self._validate_new(X)
        bound = Bound(self._network, fitted_arrays(self, self._network))
        threads = threads_for(X.shape[0] // (2 * bound.block))
        raw = on_one_blas_thread(threads > 1, lambda: bound.predict(X, threads=threads))
        return raw[0]

    def _inverse_link(self, raw: NDArray) -> NDArray:
        return self._network.loss.inverse_link(raw)

    @property
    def _is_random(self) -> bool:
        """Whether dropout or noise can stay on while predicting."""
        return any(layer.is_random for layer in self._network.layers)

    def _sample_raw(self, X, n_samples: int) -> NDArray:
        """Raw outputs (n_samples, n, n_raw) of stochastic passes (Monte Carlo).

        The passes are models of one stack with shared parameters and seeds of their
        own (Gal & Ghahramani 2016).
        """
        check_is_fitted(self)
        if not self._is_random:
            raise ValueError(
                f"Sampling predictions needs a network that is random: {SET_DROPOUT}."
            )
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        X = self._validate_new(X)
        shared = [
            {
                name: np.broadcast_to(array, (n_samples, *array.shape[1:]))
                for name, array in layer.items()
            }
            for layer in fitted_arrays(self, self._network)
        ]
        streams = Streams(draw_seeds(self.random_state, n_samples))
        block = max(1, SAMPLING_ROWS // n_samples)
        return Bound(self._network, shared).predict(X, block, streams)

    @property
    def feature_importances_(self) -> NDArray:
        """Euclidean norm of the weights that leave each input, of shape (n_features,).

        Exactly zero for an input that ``penalty="group_l1"`` dropped.
        """
        check_is_fitted(self)
        return importances(self)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coefs_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
