"""Networks in all that they may stand in, and what is then to be done by hand."""

from typing import NamedTuple

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from sknnreg.model_selection import FusedGridSearchCV


def logarithm(model):
    return TransformedTargetRegressor(model, func=np.log, inverse_func=np.exp)


def standardized(model):
    return TransformedTargetRegressor(model, transformer=StandardScaler())


def pipeline(model):
    return make_pipeline(StandardScaler(), model)


def searched(kind, inside):
    """A search over strengths of the network that is ``inside`` the estimator."""

    def search(model):
        return kind(model, {f"{inside}alpha": [1e-4, 0.1]}, cv=2)

    return search


class Composition(NamedTuple):
    """``around`` makes an estimator of a network; the rest takes it apart again.

    Attributes
    ----------
    around : callable
    network : callable
        From the fitted estimator to its network.
    scales : bool
        Whether the network sees standardized inputs.
    inverse : callable
        From the estimator's training targets to the inverse of their transform.
    """

    around: object
    network: object
    scales: bool = True
    inverse: object = lambda y: lambda z: z


def exponential(y):
    return np.exp


def unit(y):
    return lambda z: z * y.std(axis=0) + y.mean(axis=0)


MLP = "mlpregressorscratch__"

#: of regressors; the searches are fitted with the others
COMPOSITIONS = {
    "network": Composition(lambda m: m, lambda e: e, False),
    "pipeline": Composition(pipeline, lambda e: e[-1]),
    "logarithm of a pipeline": Composition(
        lambda m: logarithm(pipeline(m)), lambda e: e.regressor_[-1], True, exponential
    ),
    "pipeline of a logarithm": Composition(
        lambda m: pipeline(logarithm(m)), lambda e: e[-1].regressor_, True, exponential
    ),
    "two transforms": Composition(
        lambda m: logarithm(standardized(m)),
        lambda e: e.regressor_.regressor_,
        False,
        lambda y: lambda z: np.exp(unit(np.log(y))(z)),
    ),
    "search": Composition(
        lambda m: searched(GridSearchCV, f"regressor__{MLP}")(
            standardized(pipeline(m))
        ),
        lambda e: e.best_estimator_.regressor_[-1],
        True,
        unit,
    ),
    "fused search": Composition(
        lambda m: searched(FusedGridSearchCV, f"regressor__{MLP}")(
            logarithm(pipeline(m))
        ),
        lambda e: e.best_estimator_.regressor_[-1],
        True,
        exponential,
    ),
    "search inside": Composition(
        lambda m: standardized(pipeline(searched(FusedGridSearchCV, "")(m))),
        lambda e: e.regressor_[-1].best_estimator_,
        True,
        unit,
    ),
}


def by_hand(composition, estimator, X, y, answer):
    """The network's answer, taken through what is around it by hand.

    The scaler has seen all of ``X``, and the target's transform ``y``.
    """
    Z = StandardScaler().fit_transform(X) if composition.scales else X
    return composition.inverse(y)(answer(composition.network(estimator), Z))


def ranks():
    """A target's transform that is flat outside of what it has seen."""
    return QuantileTransformer(n_quantiles=50, output_distribution="normal")
