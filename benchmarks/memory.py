"""Peak memory above the data, ours and scikit-learn's: ``python -m benchmarks.memory``.

Each case runs in a process of its own, which makes the data, notes the largest resident
size so far, works, and notes it again. What the answer of ``predict`` itself takes is
left out.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import warnings

import numpy as np

CASES = ("fit", "predict")
LIBRARIES = ("sknnreg", "sklearn")


def peak():
    """Largest resident size so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make_model(library, **settings):
    if library == "sknnreg":
        from sknnreg import MLPClassifierScratch as Classifier
    else:
        from sklearn.neural_network import MLPClassifier as Classifier
    return Classifier(batch_size=200, random_state=0, **settings)


def make_data(n, n_features, n_classes):
    """Without temporary arrays, which would count as a peak."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, n_features), np.float32)
    return X, np.digitize(X[:, 0], np.linspace(-1, 1, n_classes - 1))


def fit(library):
    """60000 × 784 float32 (188 MB), hidden (256, 128), early stopping, two epochs."""
    X, y = make_data(60000, 784, 10)
    small = make_model(library, hidden_layer_sizes=(256, 128), max_iter=1)
    small.fit(X[:1000], y[:1000])  # imports, and the scratch of BLAS
    model = make_model(
        library, hidden_layer_sizes=(256, 128), max_iter=2, early_stopping=True
    )
    before = peak()
    model.fit(X, y)
    return peak() - before


def predict(library):
    """1000000 × 50 float32 (200 MB), hidden (100,)."""
    X, y = make_data(1_000_000, 50, 2)
    model = make_model(library, max_iter=1).fit(X[:1000], y[:1000])
    model.predict(X[:1000])
    before = peak()
    answer = model.predict(X)
    return peak() - before - answer.nbytes / 2**20


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=CASES)
    parser.add_argument("--library", choices=LIBRARIES)
    args = parser.parse_args()
    if args.case:
        warnings.simplefilter("ignore")
        print(f"{globals()[args.case](args.library):.0f}")
        return
    for case in CASES:
        print(globals()[case].__doc__)
        for library in LIBRARIES:
            command = [sys.executable, "-m", "benchmarks.memory"]
            command += ["--case", case, "--library", library]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            print(f"  {library:8} {done.stdout.strip():>5} MB above the data")


if __name__ == "__main__":
    main()
