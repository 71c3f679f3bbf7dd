"""Mean rank of each contender over the tables that all of them met."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import rankdata

NAMES = {
    "ours, CV": "MLP…ScratchCV, one minute",
    "CatBoost": "CatBoost",
    "ours, preset": "MLP…Scratch.for_tables()",
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
    if row["split"] == 0:
        losses[row["data"], row["method"]] = row["loss"]
tables = sorted({data for data, _ in losses})
tables = [t for t in tables if all((t, name) in losses for name in NAMES)]
loss = np.array([[losses[t, name] for name in NAMES] for t in tables])
ranks = rankdata(loss, axis=1).mean(axis=0)
order = np.argsort(-ranks)
names = list(NAMES.items())
fig, ax = plt.subplots(figsize=(5.4, 3.4))
for y, k in enumerate(order):
    own = names[k][0].startswith("ours")
    ax.barh(y, ranks[k], color="C0" if own else "0.75", height=0.7)
    ax.text(ranks[k] + 0.08, y, f"{ranks[k]:.1f}", va="center", fontsize=9)
ax.set_yticks(range(len(order)), [names[k][1] for k in order])
ax.grid(visible=False, axis="y")
ax.set(
    xlabel=f"mean rank of {len(NAMES)} on {len(tables)} tables (1 is best)",
    title="Lowest loss on tables",
    xlim=(0, 7),
)
