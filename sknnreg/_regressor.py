"""The regressor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from sknnreg._advice import OnlyIf, suggesting
from sknnreg._assemble import arguments
from sknnreg._base import BaseMLP
from sknnreg._distribution import moments, quantiles
from sknnreg._hyperparameters import REGRESSOR, SHARED, constraints
from sknnreg._sklearn import _fit_context
from sknnreg._target import NumericTarget
from sknnreg.engine.losses import REGRESSION_LOSSES

if TYPE_CHECKING:
    from typing import Self


class MLPRegressorScratch(RegressorMixin, BaseMLP):
    """Multi-layer perceptron regressor with penalties, dropout and early stopping.

    Minimizes J = Σᵢ wᵢ·ℓ(ŷᵢ, yᵢ) / Σᵢ wᵢ + Ω(W), ℓ being the loss of one row, summed
    over its outputs. The constructor takes every parameter of
    :class:`sklearn.neural_network.MLPRegressor` in the same order, and more.

    Parameters
    ----------
    loss : {'squared_error', 'absolute_error', 'huber', 'quantile', 'gaussian', \
'poisson'}, default='squared_error'
        'squared_error' is ½(ŷ − y)²; 'absolute_error' |ŷ − y|; 'huber' is quadratic
        up to ``huber_delta`` and linear beyond; 'quantile' is the pinball loss, summed
        over the quantiles of ``quantile``; 'gaussian' is minus the logarithm of a \
normal
        density whose mean and variance are both predicted; 'poisson' is half the \
Poisson
        deviance, with ŷ = exp(raw output), for y ≥ 0.

    hidden_layer_sizes : array-like of shape (n_layers - 2,), default=(100,)
        Units of each hidden layer; ``()`` is a linear model.

    activation : {'identity', 'logistic', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', \
'gelu', 'silu', 'mish', 'softplus'}, default='relu'
        Activation function of the hidden layers.

    solver : {'sgd', 'sgdw', 'adam', 'adamw', 'rmsprop', 'lbfgs'}, default='adam'
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

    learning_rate : {'constant', 'invscaling', 'adaptive', 'cosine', 'onecycle', \
'coslog4', 'step', 'exponential'} or callable, default='constant'
        Schedule of the learning rate, for every stochastic solver.

        - 'constant': ``learning_rate_init``;
        - 'invscaling': ``learning_rate_init / (1 + t)**power_t``, t being the number of
          samples seen, changed after each epoch;
        - 'adaptive': ``learning_rate_init``, divided by 5 each time
          ``n_iter_no_change`` epochs in a row bring no progress of ``tol``; constant
          in ``partial_fit``, which has no patience;
        - 'cosine': half a cosine down to 0 over ``max_iter`` epochs, after a linear \
rise
          over ``warmup_fraction`` of them (Loshchilov & Hutter 2017); in
          ``partial_fit`` one cycle over ``max_iter`` calls;
        - 'onecycle': up from 1/25 over ``warmup_fraction``, then down to 4e-6, both \
along
          half a cosine (Smith & Topin 2018);
        - 'coslog4': four times up from 0 and down again along a cosine, each cycle \
twice as
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

    init : {'glorot_uniform', 'glorot_normal', 'he_uniform', 'he_normal', \
'lecun_uniform', 'lecun_normal', 'fan_in_uniform', 'uniform', 'normal', \
'standard_normal', 'zeros', 'constant', 'orthogonal', 'xavier_uniform', \
'xavier_normal'}, 'auto' or callable, default='glorot_uniform'
        First values of the weights. 'auto' goes by the activation: it is 'he_uniform'
        for relu, leaky_relu, elu, gelu, silu, mish and softplus, 'lecun_normal' for \
selu
        and 'glorot_uniform' for the rest. A callable or an object of
        :mod:`sknnreg.engine.initializers` is called as ``init(rng, shape)``, with a
        ``numpy.random.Generator`` and ``(fan_in, fan_out)``.

    bias_init : str or callable, default='zeros'
        First values of the biases, as ``init`` but not 'orthogonal', or 'data': each \
hidden
        unit's sum is zero at a random point among the rows that enter its layer, so \
that
        the kinks of relus lie where the data are (Steinwart 2019; Holzmüller et al. \
2024).

    penalty : {'l1', 'l2', 'elasticnet', 'group_l1'} or None, default='l2'
        Penalty on the weights: Ω = α·[l1_ratio·‖W‖₁ + (1 − l1_ratio)/2·‖W‖₂²] with
        l1_ratio 1 for 'l1' and 0 for 'l2'. The L1 part is solved by its proximal map,
        so zeros are exact. 'group_l1' drops whole inputs:
        Ω = α·[l1_ratio·Σ_j √n_out·‖W¹_j‖₂ + (1 − l1_ratio)/2·‖W of later layers‖₂²], \
W¹_j
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

    dtype : {'auto', 'float32', 'float64'}, default='auto'
        Precision of training and prediction. 'auto' follows X: float32 for float32,
        float64 for everything else. A fit that goes on from another keeps its dtype.

    normalization : {'batch', 'layer'} or None, default=None
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
        last 1 / (1 − d) of them (Polyak & Juditsky 1992; Izmailov et al. 2018). A fit \
that
        goes on begins with the averages. Not for 'lbfgs' or ``partial_fit``.

    warmup_fraction : float, default=0.1
        Share of the run, in [0, 1), in which 'cosine' and 'onecycle' rise.

    decay_rate : float, default=0.5
        Factor in (0, 1] by which 'step' and 'exponential' shrink the rate in
        ``decay_epochs``.

    decay_epochs : int, default=20
        See ``decay_rate``.

    huber_delta : float, default=1.0
        Where 'huber' turns linear, in the unit of the target.

    quantile : float or array-like of shape (n_quantiles,), default=0.5
        What loss='quantile' estimates: a quantile in (0, 1), or several in strictly
        increasing order, by one network and without crossing. ``predict`` gives the one
        nearest ½, ``predict_quantiles`` all. For other losses, those that
        ``predict_quantiles`` gives if none are asked for.

    Attributes
    ----------
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
        What trained it: NumPy, or code compiled by numba; see \
:func:`sknnreg.set_config`.
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

    _parameter_constraints: dict = constraints(SHARED, REGRESSOR)

    @suggesting
    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: ArrayLike | int = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float | ArrayLike = 0.0001,
        batch_size: str | int = "auto",
        learning_rate: str | Callable = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | RandomState | None = None,
        tol: float = 0.0001,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        n_iter_no_change: int | float = 10,
        max_fun: int = 15000,
        init: str | Callable = "glorot_uniform",
        bias_init: str | Callable = "zeros",
        penalty: str | None = "l2",
        l1_ratio: float | ArrayLike = 0.5,
        alpha_bias: float | ArrayLike = 0.0,
        dropout: float | ArrayLike = 0.0,
        input_dropout: float = 0.0,
        scoring: str | Callable | None = "loss",
        dtype: str = "auto",
        normalization: str | None = None,
        residual: bool = False,
        input_noise: float = 0.0,
        input_scale: float = 0.0,
        max_norm: float | None = None,
        clip_norm: float | None = None,
        averaging: float = 0.0,
        warmup_fraction: float = 0.1,
        decay_rate: float = 0.5,
        decay_epochs: int = 20,
        huber_delta: float = 1.0,
        quantile: float | ArrayLike = 0.5,
    ) -> None:
        self.loss = loss
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
        self.input_scale = input_scale
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.averaging = averaging
        self.warmup_fraction = warmup_fraction
        self.decay_rate = decay_rate
        self.decay_epochs = decay_epochs
        self.huber_delta = huber_delta
        self.quantile = quantile

    def _new_target(self) -> NumericTarget:
        kind = REGRESSION_LOSSES[self.loss]
        return NumericTarget(self.loss, kind(**arguments(kind, [self], float)))

    @OnlyIf(BaseMLP._why_no_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
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
        return self._fit_part(X, y, sample_weight, self._new_target())

    def predict(
        self, X: ArrayLike, return_std: bool = False, n_samples: int = 100
    ) -> NDArray | tuple[NDArray, NDArray]:
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
            Inputs.
        return_std : bool, default=False
            Whether to return a standard deviation as well. With ``loss="gaussian"`` it
            is that of the predicted normal distribution. A network with dropout or
            noise is asked several times with these on (Monte-Carlo dropout: Gal &
            Ghahramani 2016, "Dropout as a Bayesian approximation"): mean and standard
            deviation are those of the passes, the same for the same int
            ``random_state``. Where both hold, the variance is the passes' mean
            variance plus the variance of their means.
        n_samples : int, default=100
            Number of passes, if ``return_std`` and the network is random.

        Returns
        -------
        y : ndarray of shape (n_samples_X,) or (n_samples_X, n_outputs)
            Predicted targets, in the dtype of the coefficients: the mean for
            ``loss="gaussian"``, for several quantiles the one nearest ½.
        std : ndarray of the same shape
            Only if ``return_std``, in the target's unit.

        Raises
        ------
        ValueError
            If ``return_std`` and the network neither predicts its variance nor is
            random.
        """
        if return_std:
            return moments(self, X, n_samples)
        raw = self._raw_predict(X)
        return self._target.decode(raw)

    def predict_quantiles(
        self, X: ArrayLike, quantile: ArrayLike | None = None, n_samples: int = 100
    ) -> NDArray:
        """Predict quantiles of the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
            Inputs.
        quantile : float or array-like of shape (n_quantiles,), default=None
            Which, each in (0, 1); None for those of the hyperparameter ``quantile``.

            - ``loss="quantile"``: must be among those it was fitted with;
            - ``loss="gaussian"``: any, those of the normal distribution with the mean
              and standard deviation of ``predict(X, return_std=True)``;
            - another loss with dropout or noise: any, those of the passes of
              :meth:`sample_predict`. They tell how sure the network is, not how far
              the targets scatter.
        n_samples : int, default=100
            Number of passes where there are some.

        Returns
        -------
        y : ndarray of shape (n_samples_X, n_quantiles), or \
(n_samples_X, n_outputs, n_quantiles) for several targets
            In the dtype of the coefficients. Those of one network do not cross.

        Raises
        ------
        ValueError
            If the network has no such quantile, with what to set.
        """
        return quantiles(self, X, quantile, n_samples)

    def sample_predict(self, X: ArrayLike, n_samples: int = 100) -> NDArray:
        """Predictions of stochastic passes: Monte-Carlo dropout.

        Dropout and noise stay on; the spread over the samples tells how sure the
        network is (Gal & Ghahramani 2016, "Dropout as a Bayesian approximation").

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples_X, n_features)
            Inputs.
        n_samples : int, default=100
            Number of passes.

        Returns
        -------
        y : ndarray of shape (n_samples, n_samples_X) or \
(n_samples, n_samples_X, n_outputs)
            What ``predict`` would give in each pass: for ``loss="gaussian"`` its mean,
            without the scatter around it. The same for the same int ``random_state``.
        """
        raw = self._sample_raw(X, n_samples)
        return self._target.decode(raw)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # tags are asked for before a wrong loss is refused
        kind = REGRESSION_LOSSES.get(self.loss) if isinstance(self.loss, str) else None
        tags.target_tags.positive_only = kind is not None and kind.non_negative
        return tags
