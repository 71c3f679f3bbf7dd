"""What notebooks show: layers, and links into this package's documentation."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg._html import DOCS
from sknnreg.feature_selection import SelectFromNetwork
from sknnreg.model_selection import FusedGridSearchCV
from sknnreg.uncertainty import MonteCarloDropout, QuantilePredictor
from tests.factories import classifier, not_converged, regressor

pytestmark = not_converged
ROOT = Path(__file__).parents[2]

ESTIMATORS = [
    classifier(),
    regressor(),
    FusedGridSearchCV(classifier(), {}),
    SelectFromNetwork(classifier()),
    MonteCarloDropout(regressor()),
    QuantilePredictor(regressor()),
]


@pytest.mark.parametrize("model", ESTIMATORS, ids=lambda m: type(m).__name__)
def test_links_lead_to_a_page_that_is_made(model):
    link = model._get_doc_link()
    name = link.removeprefix(DOCS + "generated/").removesuffix(".html")
    module, _, kind = name.rpartition(".")
    assert getattr(importlib.import_module(module), kind) is type(model)
    assert f"   ~{name}\n" in (ROOT / "docs" / "api.rst").read_text("utf-8")
    assert f'href="{link}"' in model._repr_html_()


def test_the_address_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["urls"]["Documentation"] == DOCS


@pytest.mark.skipif(
    not hasattr(StandardScaler, "_get_params_html"), reason="came with 1.7"
)
def test_layers_are_shown_inside_pipelines_too(iris):
    X, y = iris
    model = make_pipeline(StandardScaler(), classifier(penalty="l1", alpha=0.02))
    before = model._repr_html_()
    assert re.search(r"<summary>Layers</summary><table>.*not fitted", before)
    html = model.fit(X, y)._repr_html_()
    total = model[-1].summary().total
    assert total.startswith("99 parameters") and total in html
    for wrong in ({"activation": "none"}, {"hidden_layer_sizes": [[10, 5]]}):
        assert "Layers" not in classifier(**wrong)._repr_html_()
    model[-1].set_params(activation="tanh")  # what is fitted has relu
    assert model[-1].summary().rows[1].kind == "relu"
