"""Wrong hyperparameters and data are refused, with a message that names them."""

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from tests.factories import classifier, not_converged, regressor


def test_a_fit_that_is_refused_leaves_nothing(diabetes):
    """What is refused, and how it is said: see tests/bad_input."""
    model = regressor(alpha=-1)
    with pytest.raises(ValueError, match="'alpha'"):
        model.fit(*diabetes)
    assert not hasattr(model, "coefs_")


def test_lists_of_another_length(diabetes):
    for name, value, message in [
        ("alpha", [0.1, 0.2, 0.3], "must be a number or have 2 entries.*got 3"),
        ("dropout", [0.1, 0.2], "must be a number or have 1 entries.*got 2"),
    ]:
        with pytest.raises(ValueError, match=f"{name} {message}"):
            regressor(**{name: value}).fit(*diabetes)


def test_validation_data_of_other_outputs(diabetes):
    X, y = diabetes
    Y = np.column_stack([y, y, y])
    for one, other in ((y, Y), (Y, y)):
        with pytest.raises(ValueError, match=r"y_val has \d outputs, but y has \d"):
            regressor().fit(X, one, X_val=X, y_val=other)


@pytest.mark.parametrize("wrong", [(10,), [10], "cubed"])
def test_a_wrong_loss_is_refused_wherever_it_is_met(diabetes, wrong):
    """Tags and representations are asked for before anything is checked."""
    model = regressor(loss=wrong)
    assert not model.__sklearn_tags__().target_tags.positive_only
    assert "MLPRegressorScratch" in model._repr_html_()
    with pytest.raises(ValueError, match="'loss' parameter"):
        cross_val_score(model, *diabetes, cv=2, error_score="raise")


def test_partial_fit_has_nothing_to_average(iris):
    model = classifier(averaging=0.5)
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        model.partial_fit(*iris)


@not_converged
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", -1.0),
        ("alpha", None),
        ("dropout", 1.5),
        ("input_dropout", 2),
        ("learning_rate_init", -1.0),
        ("max_norm", -1.0),
    ],
)
def test_partial_fit_of_a_fitted_model_checks_what_has_changed(diabetes, name, value):
    """scikit-learn leaves it out there."""
    model = regressor().partial_fit(*diabetes)
    model.set_params(**{name: value})
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        model.partial_fit(*diabetes)


@pytest.mark.parametrize("classes", [[0], [0, 1], [0, 1, 2, 3], ["a", "b", "c"]])
def test_classes_of_labels_are_their_columns(multilabel, classes):
    X, y = multilabel
    with pytest.raises(ValueError, match=r"classes must be .* np.arange\(3\)"):
        classifier().partial_fit(X, y, classes=classes)
    model = classifier().partial_fit(X, y, classes=[0, 1, 2])
    model.partial_fit(X, y, classes=[0, 1, 2])


@not_converged
def test_a_failing_fit_draws_no_random_numbers(diabetes):
    X, y = diabetes
    model = regressor(random_state=np.random.RandomState(0))
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X, y[:9])
    other = regressor(random_state=np.random.RandomState(0)).fit(X, y)
    assert model.fit(X, y).loss_curve_ == other.loss_curve_
