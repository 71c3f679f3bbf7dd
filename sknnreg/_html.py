"""What notebooks show of an estimator, beside what scikit-learn shows."""

from __future__ import annotations

from typing import Any, NamedTuple

from sknnreg._summary import Summary, summary

#: where the documentation is
DOCS = "https://sknnreg.readthedocs.io/en/stable/"


class Documented:
    """An estimator whose links lead to this package's documentation."""

    _doc_link_module = "sknnreg"
    _doc_link_template = DOCS + "generated/{estimator_module}.{estimator_name}.html"


class WithSummary(NamedTuple):
    """The table of hyperparameters, and the network's layers below it."""

    parameters: Any
    layers: Summary

    def _repr_html_inner(self) -> str:
        return (
            f"{self.parameters._repr_html_inner()}"
            '<div class="estimator-table"><details><summary>Layers</summary>'
            f"{self.layers._repr_html_()}</details></div>"
        )


class Summarized:
    """A network that tells its layers."""

    def summary(self) -> Summary:
        """The layers: shapes, parameters, zeros, and what regularizes each.

        Returns
        -------
        summary : Summary
            A table, as text and in notebooks. Of a network that is not fitted what
            depends on the data is "?".

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sknnreg import MLPClassifierScratch
        >>> X, y = load_iris(return_X_y=True)
        >>> model = MLPClassifierScratch((20,), dropout=0.2, tol=0.1, random_state=0)
        >>> model.fit(X, y).summary()
        MLPClassifierScratch
        ----------------------------------------------------
        layer    output  parameters  zeros  regularization
        ----------------------------------------------------
        dense 1      20         100   0.0%  l2, alpha=0.0001
        relu         20           0
        dropout      20           0         dropout=0.2
        dense 2       3          63   0.0%  l2, alpha=0.0001
        ----------------------------------------------------
        163 parameters, 0.0% of the weights exactly zero
        """
        return summary(self)  # type: ignore[arg-type]

    def _get_params_html(self, *args: Any, **kwargs: Any) -> Any:
        # scikit-learn >= 1.7; wrong hyperparameters have no layers to tell
        table = super()._get_params_html(*args, **kwargs)  # type: ignore[misc]
        try:
            return WithSummary(table, self.summary())
        except (TypeError, ValueError):
            return table
