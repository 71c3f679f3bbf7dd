"""The same start, rows and hyperparameters end at the same numbers as in PyTorch.

golden/golden.json holds what PyTorch computed; golden/make_golden.py made it.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from sknnreg import MLPClassifierScratch, MLPRegressorScratch
from tests.factories import normalization_arrays
from tests.forms import both_forms

pytestmark = both_forms

GOLDEN = json.loads(
    Path(__file__).with_name("golden").joinpath("golden.json").read_text("utf-8")
)


def fit(case):
    """The estimator, trained from the case's start on rows in their own order."""
    arrays = [np.array(a) for name in case["start"] for a in case["start"][name]]
    start = {array.shape: array for array in arrays}
    assert len(start) == len(arrays), "arrays are told apart by their shapes"

    def init(rng, shape):
        return start[shape]

    regression = case["task"] == "regression"
    kind = MLPRegressorScratch if regression else MLPClassifierScratch
    model = kind(
        **GOLDEN["params"] | case["params"],
        init=init,
        bias_init=init,
        shuffle=False,
        n_iter_no_change=np.inf,
        tol=0,
    )
    with pytest.warns(Warning, match="Maximum iterations"):
        model.fit(np.array(GOLDEN["data"]["X"]), np.array(GOLDEN["data"][case["task"]]))
    return model


def results(model, X):
    """What golden.json holds of the trained network, by the same names."""
    found = {"coefs": model.coefs_, "intercepts": model.intercepts_}
    for name in ("gamma", "beta", "mean", "variance"):
        found[name] = normalization_arrays(model, name)
    predict = getattr(model, "predict_proba", model.predict)
    return found | {"predicted": predict(X)}


@pytest.mark.parametrize("name", GOLDEN["cases"])
def test_the_end_is_that_of_pytorch(name):
    case = GOLDEN["cases"][name]
    n = len(case["end"]["predicted"])
    found = results(fit(case), np.array(GOLDEN["data"]["X"][:n]))
    assert found.keys() == case["end"].keys()
    for key, expected in case["end"].items():
        for ours, theirs in zip(found[key], expected, strict=True):
            # the same formulas in another order: far below the promised 1e-6
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9, err_msg=key)
