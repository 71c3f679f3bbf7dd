r"""
================================================
Can a network read text without making it dense?
================================================

A document as TF-IDF is a row of thousands of numbers, nearly all of them zero. The
networks take such a CSR matrix as it is: the first layer's product :math:`X W` and its
gradient :math:`X^\top \delta` touch the numbers that are stored, and no other. Look at
the time of an epoch as the vocabulary grows. Network and documents are the same, and so
are the predictions, to rounding.
"""

# %%
# Real text without a download
# ----------------------------
# The documents are the docstrings of public functions and classes of SciPy and
# scikit-learn, the classes are the packages they are from. Words of the packages' names
# would tell, and are left out. Words and pairs of neighbouring words are counted.

import importlib
import inspect
import re
import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split

from sknnreg import MLPClassifierScratch

PACKAGES = "scipy.linalg scipy.ndimage scipy.optimize scipy.signal scipy.sparse "
PACKAGES += "scipy.special scipy.stats sklearn.linear_model sklearn.metrics"
documents = {}
for package in PACKAGES.split():
    for name, member in inspect.getmembers(importlib.import_module(package), callable):
        text = inspect.getdoc(member) or ""
        if not name.startswith("_") and len(text) > 300:
            documents[text] = package
y = np.array(list(documents.values()))


def tfidf(n_columns):
    words = re.findall("[a-z]+", PACKAGES)
    return TfidfVectorizer(
        ngram_range=(1, 2), max_features=n_columns, stop_words=words, dtype=np.float32
    ).fit_transform(documents)


settings = {"learning_rate_init": 0.005, "batch_size": 128, "random_state": 0}
network = MLPClassifierScratch((64,), tol=0.01, n_iter_no_change=3, **settings)
train, test, y_train, y_test = train_test_split(tfidf(3000), y, random_state=0)
accuracy = network.fit(train, y_train).score(test, y_test)
print(f"{len(y)} documents of {len(set(y))} packages, accuracy {accuracy:.3f} on test")

# %%
# Sparse and dense
# ----------------
# An epoch by ``partial_fit``: the processor's time, the least of three, and the memory
# of the inputs.

columns = [1000, 3000, 10000, 30000]
seconds = {"sparse": [], "dense": []}
for n_columns in columns:
    X = tfidf(n_columns)
    answers = []
    for kind, inputs in zip(seconds, (X, X.toarray()), strict=True):
        times = []
        for _ in range(3):
            began = time.process_time()
            model = clone(network).partial_fit(inputs, y, classes=np.unique(y))
            times.append(time.process_time() - began)
        seconds[kind].append(min(times))
        answers.append(model.predict_proba(X))
    print(
        f"{n_columns:5} columns: {8 * X.nnz / 1e6:.1f} MB, dense "
        f"{inputs.nbytes / 1e6:.0f} MB; probabilities differ by at most "
        f"{np.abs(np.subtract(*answers)).max():.0e}"
    )

# %%
# Sparse is faster, and the more so the larger the vocabulary. The number of weights,
# all of which the optimizer moves at each step, grows for both.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
looks = {"color": "#0072B2", "marker": "o"}, {"color": "#D55E00", "marker": "s"}
for (kind, times), look in zip(seconds.items(), looks, strict=True):
    ax.loglog(columns, times, lw=2, label=kind, **look)
ax.set_xticks(columns, columns)
ax.set_yticks(ticks := [0.02, 0.05, 0.1, 0.2, 0.5, 1], ticks)
ax.minorticks_off()
ax.set(xlabel="Columns: words and pairs of words", ylabel="Seconds for an epoch")
times = seconds["dense"][-1] / seconds["sparse"][-1]
ax.set_title(f"At {columns[-1]} columns, sparse input is {times:.1f} times faster")
ax.legend()
plt.show()
