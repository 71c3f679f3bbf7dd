"""The table of a network says what the network is."""

import numpy as np
import pytest

from sknnreg._fitted import fitted_arrays
from sknnreg._summary import summary
from tests import factories
from tests.factories import KINDS, however_it_ends

pytestmark = however_it_ends

RICH = {
    "hidden_layer_sizes": (6, 6, 4),
    "residual": True,
    "normalization": "batch",
    "dropout": (0.2, 0, 0.5),
    "input_dropout": 0.1,
    "input_noise": 0.3,
    "penalty": "group_l1",
    "alpha": (0.2, 0.1, 0.1, 0.0),
    "alpha_bias": 0.01,
    "max_norm": 2.0,
}


def kinds(table):
    return [row.kind.strip() for row in table.rows]


def trained_parameters(model):
    network = model._network
    arrays = fitted_arrays(model, network)
    return sum(
        arrays[i][name].size
        for i, specs in enumerate(network.specs)
        for name, spec in specs.items()
        if spec.part != "state"
    )


@pytest.mark.parametrize("params", [{}, {"hidden_layer_sizes": ()}, RICH])
@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_those_of_the_arrays(kind, params, iris):
    model = kind(max_iter=2, random_state=0).set_params(**params).fit(*iris)
    table = summary(model)
    assert table.n_parameters == trained_parameters(model)
    assert sum(row.n_parameters for row in table.rows) == table.n_parameters
    assert table.rows[-1].n_out == model.n_outputs_
    weights = np.concatenate([W.ravel() for W in model.coefs_])
    if not params.get("residual"):
        assert table.zero_share == np.mean(weights == 0)


@pytest.mark.parametrize("params", [{}, RICH])
def test_what_only_data_tell_is_a_question_mark(params, iris):
    model = factories.classifier(**params)
    before, after = summary(model), summary(model.fit(*iris))
    assert kinds(before) == kinds(after)
    unknown = 0
    for early, late in zip(before.rows, after.rows, strict=True):
        assert early.regularization == late.regularization
        assert early.n_out in (None, late.n_out)
        assert early.n_parameters in (None, late.n_parameters)
        unknown += early.n_parameters is None
    assert unknown == (3 if params else 2)  # also the first shortcut
    assert before.n_parameters is before.zero_share is None
    assert before.rows[-1].n_out is None
    assert "not fitted" in str(before) and str(before).endswith("\n? parameters")


def test_zeros(iris):
    model = factories.classifier(penalty="l1", alpha=0.05, max_iter=100)
    table = summary(model.fit(*iris))
    dense = [row for row in table.rows if row.kind.startswith("dense")]
    assert [row.zero_share for row in dense] == [np.mean(W == 0) for W in model.coefs_]
    assert 0 < table.zero_share < 1
    assert f"{table.zero_share:.1%} of the weights exactly zero" in str(table)
    assert table.rows[1].zero_share is None


def test_layers_and_what_regularizes_them():
    table = summary(factories.classifier(**RICH))
    assert kinds(table)[:8] == [
        "input noise",
        "dropout",
        "residual block",
        "dense 1",
        "batch norm",
        "relu",
        "dropout",
        "shortcut",
    ]
    said = {row.kind.strip(): row.regularization for row in table.rows[:8]}
    assert said["input noise"] == "input_noise=0.3"
    assert table.rows[1].regularization == "input_dropout=0.1"
    assert said["dense 1"] == (
        "group_l1, alpha=0.2, l1_ratio=0.5, alpha_bias=0.01, max_norm=2"
    )
    assert said["shortcut"] == "group_l1, alpha=0.2, l1_ratio=0.5, max_norm=2"
    assert said["dropout"] == "dropout=0.2" and said["batch norm"] == ""
    said = {row.kind.strip(): row.regularization for row in table.rows[8:]}
    # from the second layer on the penalty is the ridge part alone
    assert said["dense 2"] == "l2, alpha=0.05, alpha_bias=0.01, max_norm=2"
    assert said["dense 4"] == "alpha_bias=0.01, max_norm=2"


@pytest.mark.parametrize(
    "params, text",
    [
        ({"penalty": None}, ""),
        ({"penalty": "l2", "alpha": 0}, ""),
        ({"penalty": "l1", "alpha": 0.001}, "l1, alpha=0.001"),
        ({"penalty": "elasticnet", "l1_ratio": 1}, "elasticnet, alpha=0.0001"),
    ],
)
def test_penalties(params, text):
    assert summary(factories.regressor(**params)).rows[0].regularization == text


def test_an_identity_has_no_row():
    table = summary(factories.classifier(activation="identity"))
    assert kinds(table) == ["dense 1", "dense 2"]


def test_text_is_at_most_88_wide():
    wide = RICH | {"hidden_layer_sizes": (10**7, 10**7), "alpha": 0.00123}
    wide |= {"dropout": 0.123, "l1_ratio": 0.333, "alpha_bias": 0.000123}
    table = summary(factories.classifier(**wide))
    assert repr(table) == str(table)
    lines = str(table).splitlines()
    assert max(len(line) for line in lines) <= 88
    assert lines[0] == "MLPClassifierScratch, not fitted"
    assert "100,000,010,000,000" in str(table)


def test_html_is_escaped():
    table = summary(factories.classifier())._repr_html_()
    assert table.startswith("<table>") and table.count("<tr>") == 5
    named = type("A<b>", (factories.KINDS[0],), {})
    assert "A&lt;b&gt;" in summary(named())._repr_html_()


def test_wrong_hyperparameters_are_refused():
    with pytest.raises(ValueError, match="'activation' parameter"):
        summary(factories.classifier(activation="nothing"))
    with pytest.raises(ValueError, match="alpha must be a number or have 2 entries"):
        summary(factories.classifier(alpha=[1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="'dropout' parameter"):
        summary(factories.classifier(dropout=[2.0]))
