"""Writes models as this version stores them.

``python -m tests.persistence.make_models``: run it when the format changes, and keep
the files of earlier ones.
"""

import pickle
from pathlib import Path

from sknnreg import __version__
from sknnreg._state import FORMAT
from tests.persistence.factories import KINDS, fitted

ROWS = slice(None, None, 15)


def answer(model, X):
    """What a model has to say of rows."""
    return (model.predict_proba if hasattr(model, "classes_") else model.predict)(X)


def record(kind):
    """A stored model with what it says of some rows, and what after one epoch more."""
    model, X, y = fitted(kind)
    X, y = X[ROWS], y[ROWS]
    stored, now = pickle.dumps(model, protocol=4), answer(model, X)
    later = answer(model.partial_fit(X, y), X)
    return {"model": stored, "now": now, "later": later}


if __name__ == "__main__":
    path = Path(__file__).with_name(f"models-{__version__}-format-{FORMAT}.pickle")
    path.write_bytes(pickle.dumps({kind: record(kind) for kind in KINDS}, protocol=4))
    print(path.name, path.stat().st_size)
