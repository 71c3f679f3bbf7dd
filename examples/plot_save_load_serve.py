r"""
==========================================
How is a trained network saved and served?
==========================================

A fitted network is arrays and numbers, and is pickled like every scikit-learn
estimator. A server that answers one row at a time spends its time in checks and calls
rather than in :math:`2 \sum_l n_l n_{l+1}` operations of arithmetic, so that the median
and the 99th percentile of the latency matter, not the rows a second of a large batch.
Look at the distance between the histograms: the same architecture, one row a call.
"""

# %%
# Train, save, load
# -----------------
# The inputs are scaled within the network's pipeline, and both are saved as one. A
# pickle runs code when it is loaded: load only files that you have written.

import io
import time

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch

X, y = load_breast_cancer(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
networks = {"sknnreg": MLPClassifierScratch, "scikit-learn": MLPClassifier}
served = {}
for name, kind in networks.items():
    network = kind((64, 64), learning_rate_init=0.01, random_state=0)
    model = make_pipeline(StandardScaler(), network).fit(X, y)
    file = io.BytesIO()  # or a path
    joblib.dump(model, file)
    file.seek(0)
    served[name] = joblib.load(file)
    before, after = (m.predict_proba(X_test) for m in (model, served[name]))
    assert np.array_equal(before, after)
    kB = file.getbuffer().nbytes / 1000
    print(f"{name:13} {kB:.0f} kB, equal probabilities after loading")


# %%
# One row a call
# --------------
# The network's own time: the pipeline's scaler costs the same in front of either.


def latencies(model, rows, n_calls=3000):
    """Milliseconds of each call, without what else the machine does meanwhile."""
    ms = np.empty(n_calls)
    for i in range(n_calls):
        row = rows[i % len(rows)][None]
        began = time.process_time()
        model.predict_proba(row)
        ms[i] = 1000 * (time.process_time() - began)
    return ms


found = {}
for name, model in served.items():
    rows = model[0].transform(X_test)
    found[name] = latencies(model[-1], rows)
    p50, p99 = np.percentile(found[name], [50, 99])
    print(f"{name:13} p50 {p50:.3f} ms, p99 {p99:.3f} ms")

times = np.median(found["scikit-learn"]) / np.median(found["sknnreg"])
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
slowest = max(np.percentile(ms, 99.5) for ms in found.values())
bins = np.geomspace(found["sknnreg"].min(), slowest, 80)
for (name, ms), color in zip(found.items(), ("#0072B2", "#D55E00"), strict=True):
    p50, p99 = np.percentile(ms, [50, 99])
    label = f"{name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    share = np.full(len(ms), 100 / len(ms))
    ax.hist(ms, bins, weights=share, color=color, alpha=0.6, label=label)
    ax.axvline(p50, color=color)
    ax.axvline(p99, color=color, ls="--")
ax.set_xscale("log")
ticks = [tick for tick in (0.05, 0.1, 0.2, 0.3, 0.5, 1, 2) if bins[0] < tick < slowest]
ax.set_xticks(ticks, ticks)
ax.minorticks_off()
ax.set(xlabel="Processor time of predict_proba for one row (ms)", ylabel="Calls (%)")
ax.set_title(f"One row is answered {times:.1f} times faster (solid p50, dashed p99)")
ax.margins(y=0.2)
ax.legend(loc="upper right")
plt.show()
