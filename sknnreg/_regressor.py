"""The regressor."""

from __future__ import annotations

from numbers import Real

from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from sknnreg._assemble import arguments
from sknnreg._base import BaseMLP
from sknnreg._docs import add_shared_docs
from sknnreg._hyperparameters import POSITIVE, Choice
from sknnreg._sklearn import Interval, _fit_context
from sknnreg.engine.losses import REGRESSION_LOSSES


@add_shared_docs
class MLPRegressorScratch(RegressorMixin, BaseMLP):
    """Multi-layer perceptron regressor with penalties, dropout and early stopping.

    Minimizes J = Σᵢ wᵢ·ℓ(ŷᵢ, yᵢ) / Σᵢ wᵢ + Ω(W), ℓ being the loss of one row, summed
    over its outputs. The constructor takes every parameter of
    :class:`sklearn.neural_network.MLPRegressor` in the same order, and more.

    Parameters
    ----------
    loss : {'squared_error', 'absolute_error', 'huber', 'quantile', 'poisson'}, \
default='squared_error'
        'squared_error' is ½(ŷ − y)²; 'absolute_error' |ŷ − y|; 'huber' is quadratic
        up to ``huber_delta`` and linear beyond; 'quantile' is the pinball loss;
        'poisson' is half the Poisson deviance, with ŷ = exp(raw output), for y ≥ 0.

    hidden_layer_sizes : array-like of shape (n_layers - 2,), default=(100,)
        Units of each hidden layer; ``()`` is a linear model.

    activation : {'identity', 'logistic', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', \
'gelu', 'silu', 'softplus'}, default='relu'
        Activation function of the hidden layers.

    {parameters}

    huber_delta : float, default=1.0
        Where 'huber' turns linear, in the unit of the target.

    quantile : float, default=0.5
        The quantile in (0, 1) that 'quantile' estimates.

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MLPClassifierScratch : The classifier.
    sklearn.neural_network.MLPRegressor : scikit-learn's, without these penalties.

    References
    ----------
    Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward
    neural networks"; He et al. 2015, "Delving deep into rectifiers"; Kingma & Ba 2015,
    "Adam"; Loshchilov & Hutter 2019, "Decoupled weight decay regularization";
    Srivastava et al. 2014, "Dropout".

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.pipeline import make_pipeline
    >>> from sknnreg import MLPRegressorScratch
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     MLPRegressorScratch(
    ...         solver="lbfgs", penalty="l1", alpha=9.0, max_iter=2000, random_state=0
    ...     ),
    ... )
    >>> model.fit(X, y).score(X, y) > 0.4
    True
    """

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        "loss": [Choice(REGRESSION_LOSSES)],
        "huber_delta": [POSITIVE],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        loss="squared_error",
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        init="glorot_uniform",
        bias_init="zeros",
        penalty="l2",
        l1_ratio=0.5,
        alpha_bias=0.0,
        dropout=0.0,
        input_dropout=0.0,
        scoring="loss",
        dtype="auto",
        normalization=None,
        residual=False,
        input_noise=0.0,
        max_norm=None,
        clip_norm=None,
        warmup_fraction=0.1,
        decay_rate=0.5,
        decay_epochs=20,
        huber_delta=1.0,
        quantile=0.5,
    ):
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
            init=init,
            bias_init=bias_init,
            penalty=penalty,
            l1_ratio=l1_ratio,
            alpha_bias=alpha_bias,
            dropout=dropout,
            input_dropout=input_dropout,
            scoring=scoring,
            dtype=dtype,
            normalization=normalization,
            residual=residual,
            input_noise=input_noise,
            max_norm=max_norm,
            clip_norm=clip_norm,
            warmup_fraction=warmup_fraction,
            decay_rate=decay_rate,
            decay_epochs=decay_epochs,
        )
        self.loss = loss
        self.huber_delta = huber_delta
        self.quantile = quantile

    @available_if(lambda self: self._has_partial_fit())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on the given rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows.

        Returns
        -------
        self : object
            The estimator, trained further.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X, return_std=False, n_samples=100):
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
            Inputs.
        return_std : bool, default=False
            Whether to predict by Monte-Carlo dropout: dropout and noise stay on, and
            mean and standard deviation over several passes are returned (Gal &
            Ghahramani 2016, "Dropout as a Bayesian approximation"). The same for the
            same int ``random_state``.
        n_samples : int, default=100
            Number of passes if ``return_std``.

        Returns
        -------
        y : ndarray of shape (n_samples_X,) or (n_samples_X, n_outputs)
            Predicted targets, in the dtype of the coefficients.
        std : ndarray of the same shape
            Only if ``return_std``: the spread of the passes, in the target's unit.
        """
        if not return_std:
            return self._shape(self._inverse_link(self._raw_predict(X)))
        samples = self._inverse_link(self._sample_raw(X, n_samples))
        return self._shape(samples.mean(axis=0)), self._shape(samples.std(axis=0))

    def _shape(self, prediction):
        return prediction.ravel() if self.n_outputs_ == 1 else prediction

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags

    def _loss(self):
        kind = REGRESSION_LOSSES[self.loss]
        return kind(**arguments(kind, [self], float))

    def _validate_target(self, y, reset):
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return y

    def _encode_target(self, y):
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError("loss='poisson' needs y >= 0; some values are negative.")
        return y.reshape(len(y), -1)
