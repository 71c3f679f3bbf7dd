"""Ctrl-C keeps what there is."""

import numpy as np
import pytest

from tests.factories import classifier


def interrupt_at_step(number):
    """A rate, asked for at each step from 0, that is Ctrl-C at one of them."""

    def rate(step):
        if step == number:
            raise KeyboardInterrupt
        return 0.001

    return rate


@pytest.mark.parametrize("early_stopping", [False, True])
def test_interruption_keeps_what_there_is(iris, early_stopping):
    X, y = iris
    # three steps an epoch: in the middle of the fourth one
    model = classifier(
        max_iter=20,
        batch_size=50,
        early_stopping=early_stopping,
        learning_rate=interrupt_at_step(10),
    )
    with pytest.warns(UserWarning, match="interrupted by user"):
        model.fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert np.isfinite(model.predict_proba(X)).all()


def test_interruption_of_the_first_epoch(iris):
    """There is nothing to keep: the interrupt goes on, and no model is made of it."""
    X, y = iris
    model = classifier(learning_rate=interrupt_at_step(0))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


def test_interruption_restores_the_best_epoch(noisy):
    X, y = noisy
    scores = iter([0.1, 0.5, 0.2, 0.3])

    def scorer(estimator, X, y):
        try:
            return next(scores)
        except StopIteration:
            raise KeyboardInterrupt from None

    with pytest.warns(UserWarning, match="interrupted by user"):
        model = classifier(
            hidden_layer_sizes=(30,),
            learning_rate_init=0.01,
            early_stopping=True,
            max_iter=200,
            scoring=scorer,
        ).fit(X, y)
    assert model.best_iter_ == 2
    assert model.best_validation_score_ == 0.5
    assert model.validation_scores_ == [0.1, 0.5, 0.2, 0.3]
    assert model.n_iter_ == 4
    norm = model.history_["weight_norm_0"][1]
    assert np.linalg.norm(model.coefs_[0]) == pytest.approx(norm)
