import pytest

#: needs PyTorch; run by hand
collect_ignore = ["golden/make_golden.py"]


@pytest.fixture
def global_random_seed():
    """The seed that scikit-learn's own tests ask for."""
    return 42
