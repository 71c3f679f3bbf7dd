"""Seconds of training, peers' divided by ours, compiled, by size of the task."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

PEERS = {"sklearn": "scikit-learn", "torch": "PyTorch", "jax": "JAX"}
MARKS = {"sklearn": "o", "torch": "s", "jax": "^"}
rows = json.loads(Path("../../benchmarks/results/speed.json").read_text())["rows"]
fig, axes = plt.subplots(1, 2, figsize=(8, 3.6), sharex=True, sharey=True)
titles = {"numpy": "NumPy", "fast": "compiled: sknnreg[fast]"}
names = [r["workload"] for r in rows if r["backend"] == "fast"]
names = list(dict.fromkeys(names))[::-1]
for ax, (backend, title) in zip(axes, titles.items(), strict=True):
    for row in rows:
        kind = (row["backend"], row["threads"], row["dtype"], row["dropout"])
        if kind == (backend, 1, "float32", 0.0):
            y = names.index(row["workload"])
            for k, peer in enumerate(PEERS):
                label = PEERS[peer] if y == len(names) - 1 else None
                style = {"color": f"C{k}", "marker": MARKS[peer], "linestyle": "none"}
                ax.plot(row["ratios"][peer], y, label=label, **style)
    ax.axvline(1, color="0.4", linewidth=1)
    ax.set(xscale="log", title=title)
    ax.set_xticks([1, 2, 5, 10, 20, 40], ["1", "2", "5", "10", "20", "40"])
    ax.minorticks_off()
axes[0].set_yticks(np.arange(len(names)), names)
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper")
fig.supxlabel("their seconds / ours: right of the line we are faster", fontsize=10)
