"""Draw the README's figures anew: ``python docs/figures/save.py``."""

import os
import runpy
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

FIGURES = ["front_gap", "quality_ranks", "front_speed"]

os.chdir(Path(__file__).parent)
plt.style.use("house.mplstyle")
for name in FIGURES:
    runpy.run_path(f"{name}.py")
    # no date inside: the same figure is the same file
    plt.savefig(f"../_static/readme_{name}.svg", metadata={"Date": None})
    plt.close("all")
