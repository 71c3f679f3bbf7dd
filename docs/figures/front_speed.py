"""Seconds of training of scikit-learn and PyTorch divided by ours."""

import json
from pathlib import Path

import matplotlib.pyplot as plt

PEERS = {"sklearn": "scikit-learn", "torch": "PyTorch"}
FORMS = {"numpy": ("in NumPy", "white"), "fast": ("compiled", None)}
rows = json.loads(Path("../../benchmarks/results/speed.json").read_text())["rows"]
rows = [r for r in rows if (r["threads"], r["dtype"]) == (1, "float32")]
rows = [r for r in rows if not r["dropout"]]
names = list(dict.fromkeys(row["workload"] for row in rows))[::-1]
fig, ax = plt.subplots(figsize=(5.4, 3.6))
seen = set()
for row in rows:
    form, face = FORMS[row["backend"]]
    for k, (peer, name) in enumerate(PEERS.items()):
        label = f"{name} / ours {form}"
        ax.plot(
            row["ratios"][peer],
            names.index(row["workload"]),
            "os"[k],
            color=f"C{k}",
            markerfacecolor=face or f"C{k}",
            label=None if label in seen else label,
        )
        seen.add(label)
ax.axvline(1, color="0.4", linewidth=1)
ax.set(xscale="log", title="Faster in training", xlim=(0.9, 60))
ax.set_xlabel("their seconds / ours; right of 1 we are faster")
ax.set_ylabel("rows x features, hidden, batch size")
ax.set_xticks([1, 2, 5, 10, 20, 40], ["1", "2", "5", "10", "20", "40"])
ax.minorticks_off()
ax.set_yticks(range(len(names)), names, fontsize=8)
ax.legend(loc="center right", fontsize=8, bbox_to_anchor=(1.0, 0.46))
