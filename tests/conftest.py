import pytest
from sklearn.datasets import (
    load_diabetes,
    load_iris,
    make_classification,
    make_multilabel_classification,
)
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_limits

from tests import factories
from tests.forms import form

__all__ = ["form"]  # a fixture

#: needs PyTorch; run by hand
collect_ignore = ["golden/make_golden.py"]


@pytest.fixture(scope="session", autouse=True)
def one_blas_thread():
    """Test processes that share the cores would wait for each other's threads."""
    with threadpool_limits(1, "blas"):
        yield


@pytest.fixture
def global_random_seed():
    """The seed that scikit-learn's own tests ask for."""
    return 42


@pytest.fixture
def iris():
    """Three classes, standardized inputs."""
    X, y = load_iris(return_X_y=True)
    return scale(X), y


@pytest.fixture
def diabetes():
    """A regression, inputs and target standardized."""
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


@pytest.fixture
def digits(request):
    """Ten classes, 64 inputs of which some are always zero; N_DIGITS of a module."""
    return factories.digits(getattr(request.module, "N_DIGITS", 200))


@pytest.fixture
def multilabel():
    """Three labels, several or none a row."""
    X, y = make_multilabel_classification(
        n_samples=120, n_features=8, n_classes=3, random_state=0
    )
    return scale(X), y


@pytest.fixture
def noisy():
    """Labels of which many are wrong: easy to learn by heart, soon."""
    return make_classification(
        n_samples=300, n_features=10, flip_y=0.3, class_sep=0.5, random_state=0
    )
