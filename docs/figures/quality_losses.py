"""Loss of each contender on each table, divided by the best of the table."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

NAMES = {
    "ours, CV": "MLP…ScratchCV, one minute",
    "ours, preset": "MLP…Scratch.for_tables()",
    "CatBoost": "CatBoost",
    "RealMLP-TD-S": "RealMLP-TD-S",
    "HistGradientBoosting": "HistGradientBoosting",
    "LightGBM": "LightGBM",
    "ours": "MLP…Scratch, defaults",
    "sklearn MLP": "scikit-learn MLP, defaults",
}
file = Path("../../benchmarks/results/quality.jsonl")
losses = {}
for line in file.read_text().splitlines():
    row = json.loads(line)
    if row["split"] == 0 and row["method"] in NAMES:
        losses.setdefault(row["data"], {})[row["method"]] = row["loss"]
fig, ax = plt.subplots(figsize=(7.2, 3.6))
for y, name in enumerate(reversed(NAMES)):
    ratios = [t[name] / min(t.values()) for t in losses.values() if name in t]
    color = "C0" if name.startswith("ours") else "0.5"
    jitter = np.random.default_rng(0).uniform(-0.18, 0.18, len(ratios))
    ax.plot(ratios, y + jitter, "o", color=color, markersize=4, alpha=0.7)
    ax.plot(np.median(ratios), y, "|", color="black", markersize=16, markeredgewidth=2)
ax.set_yticks(range(len(NAMES)), list(reversed(NAMES.values())))
ax.set_xscale("log")
ax.set_xticks([1, 1.2, 1.5, 2, 3, 5], ["1", "1.2", "1.5", "2", "3", "5"])
ax.minorticks_off()
ax.set(
    xlabel="loss / lowest loss on the table; a dot a table, the median as a bar",
    title="How far from the best",
)
