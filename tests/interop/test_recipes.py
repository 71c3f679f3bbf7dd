"""The recipes of the guide for what people log to, where that is installed.

The one for Dask has its test in ``test_dask.py``, which has a cluster.
"""

import runpy
from pathlib import Path

import pytest

from tests.factories import needs_callbacks, not_converged

pytestmark = [needs_callbacks, not_converged, pytest.mark.filterwarnings("default")]
RECIPES = Path(__file__).parents[2] / "docs" / "recipes"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a recipe in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda name: runpy.run_path(str(RECIPES / name))


def test_every_recipe_is_short():
    recipes = list(RECIPES.glob("*.py"))
    assert len(recipes) == 4
    for path in recipes:
        lines = [line for line in path.read_text("utf-8").splitlines() if line.strip()]
        assert len(lines) <= 20, path.name


def test_mlflow(run, tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    model = run("mlflow_run.py")["model"]
    (metric,) = tmp_path.glob("mlruns/*/*/metrics/validation_loss")
    logged = [float(line.split()[1]) for line in metric.read_text().splitlines()]
    assert logged == model.history_["validation_loss"]


def test_tensorboard(run, tmp_path):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    )
    model = run("tensorboard_run.py")["model"]
    events = accumulator.EventAccumulator(str(tmp_path / "runs" / "digits")).Reload()
    logged = [event.value for event in events.Scalars("validation_loss")]
    assert logged == pytest.approx(model.history_["validation_loss"], rel=1e-6)


def test_wandb(run, tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_SILENT", "true")
    run("wandb_run.py")
    assert list(tmp_path.glob("wandb/offline-run-*/*.wandb"))
