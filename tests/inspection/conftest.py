import pytest

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture
def laid_out():
    """The test's last figure is laid out: only then are there warnings if it fails."""
    yield
    plt.gcf().draw_without_rendering()
