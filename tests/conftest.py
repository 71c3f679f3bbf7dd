import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import scale

#: needs PyTorch; run by hand
collect_ignore = ["golden/make_golden.py"]


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
