"""The classifier."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from sknnreg._base import BaseMLP
from sknnreg._docs import add_shared_docs
from sknnreg._sklearn import (
    Interval,
    StrOptions,
    _check_partial_fit_first_call,
    _fit_context,
)
from sknnreg.engine.losses import BinaryLogLoss, MulticlassLogLoss, smooth_labels


@add_shared_docs
class MLPClassifierScratch(ClassifierMixin, BaseMLP):
    """Multi-layer perceptron classifier with penalties, dropout and early stopping.

    Minimizes J = Σᵢ wᵢ·ℓ(ŷᵢ, yᵢ) / Σᵢ wᵢ + Ω(W), ℓ being the cross-entropy of one row,
    summed over its labels if it is multilabel. The constructor takes every parameter
    of :class:`sklearn.neural_network.MLPClassifier` in the same order, and more.

    Parameters
    ----------
    hidden_layer_sizes : array-like of shape (n_layers - 2,), default=(100,)
        Units of each hidden layer; ``()`` is a linear model.

    activation : {'identity', 'logistic', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', \
'gelu', 'silu', 'softplus'}, default='relu'
        Activation function of the hidden layers.

    {parameters}

    class_weight : dict, list of dict, 'balanced' or None, default=None
        Weights of the classes, multiplied with the sample weights. 'balanced' weighs
        classes by the inverse of their frequency. A list of dicts, one a label, is for
        multilabel targets.

    label_smoothing : float, default=0.0
        s in [0, 1): a class's target is 1 − s + s/n instead of 1, the others' s/n
        instead of 0, n being the number of classes (2 for binary and multilabel).
        Validation data are not smoothed (Szegedy et al. 2016).

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    {attributes}

    See Also
    --------
    MLPRegressorScratch : The regressor.
    sklearn.neural_network.MLPClassifier : scikit-learn's, without these penalties.

    References
    ----------
    Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward
    neural networks"; He et al. 2015, "Delving deep into rectifiers"; Kingma & Ba 2015,
    "Adam"; Loshchilov & Hutter 2019, "Decoupled weight decay regularization";
    Srivastava et al. 2014, "Dropout".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknnreg import MLPClassifierScratch
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifierScratch(
    ...     dropout=0.1, learning_rate_init=0.01, early_stopping=True, random_state=0
    ... )
    >>> model.fit(X, y).score(X, y) > 0.9
    True
    """

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
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
        class_weight=None,
        label_smoothing=0.0,
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
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing

    @available_if(lambda self: self._has_partial_fit())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Train for one epoch on the given rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows.
        classes : array-like of shape (n_classes,), default=None
            All classes that will come. Needed in the first call.

        Returns
        -------
        self : object
            The estimator, trained further.
        """
        return self._fit(X, y, sample_weight, incremental=True, classes=classes)

    def _learn_classes(self, y, classes):
        if _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer()
            multilabel = type_of_target(y).startswith("multilabel")
            self._label_binarizer.fit(y if multilabel else classes)

    def predict(self, X):
        """Predict classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Predicted classes.
        """
        raw = self._raw_predict(X)
        # half of the probability, or the largest one, is raw = 0 or the largest raw
        if self._is_multilabel() or len(self.classes_) == 1:
            return self._label_binarizer.inverse_transform(raw, threshold=0.0)
        if raw.shape[1] == 1:
            return self.classes_[(raw[:, 0] > 0).astype(np.intp)]
        return self.classes_[raw.argmax(axis=1)]

    def predict_proba(self, X):
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        probability : ndarray of shape (n_samples, n_classes)
            Columns as in ``classes_``; for a multilabel target the probability of each
            label.
        """
        return self._inverse_link(self._both_classes(self._raw_predict(X)))

    def predict_log_proba(self, X):
        """Predict the logarithms of probabilities, finite where these underflow.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Inputs.

        Returns
        -------
        log_probability : ndarray of shape (n_samples, n_classes)
            As :meth:`predict_proba`.
        """
        raw = self._both_classes(self._raw_predict(X))
        stable = self._network.loss.log_probability(raw[None])[0]
        probability = self._inverse_link(raw)
        with np.errstate(divide="ignore"):
            log_probability = np.log(probability)
        underflow = probability < np.finfo(probability.dtype).tiny
        return np.where(underflow, stable, log_probability)

    def sample_predict_proba(self, X, n_samples=100):
        """Probabilities from stochastic passes: Monte-Carlo dropout.

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
        probability : ndarray of shape (n_samples, n_samples_X, n_classes)
            The same for the same int ``random_state``.
        """
        raw = self._sample_raw(X, n_samples)
        return self._inverse_link(self._both_classes(raw))

    def _both_classes(self, raw):
        """A column for each class where one raw output stands for two."""
        binary = self.n_outputs_ == 1 and not self._is_multilabel()
        return np.concatenate([-raw, raw], axis=-1) if binary else raw

    def _is_multilabel(self):
        return self._label_binarizer.y_type_.startswith("multilabel")

    def _is_multiclass(self):
        many = len(self._label_binarizer.classes_) > 2
        return many and not self._is_multilabel()

    def _loss(self):
        return MulticlassLogLoss() if self._is_multiclass() else BinaryLogLoss()

    def _training_target(self, target):
        return smooth_labels(target, self.label_smoothing, self._is_multiclass())

    def _stratify(self, y):
        return None if self._is_multilabel() else y

    def _class_weights(self, y, incremental):
        if self.class_weight is None:
            return None
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' cannot be used with partial_fit, which does "
                "not see all rows: pass a dict of weights instead."
            )
        return compute_sample_weight(self.class_weight, y)

    def _validate_target(self, y, reset):
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if reset:
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y), self.warm_start)
        return y

    def _encode_target(self, y):
        self._check_classes(unique_labels(y), exactly=False)
        return self._label_binarizer.transform(y)

    def _check_classes(self, classes, exactly):
        if exactly and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the "
                f"previous call to fit. Previously got {self.classes_}, `y` has "
                f"{classes}"
            )
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. `self.classes_` has "
                f"{self.classes_}. 'y' has {classes}."
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
