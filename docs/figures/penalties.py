"""What each penalty costs, and what its proximal step does to a weight."""

import matplotlib.pyplot as plt
import numpy as np

from sknnreg.engine.penalties import ElasticNet

w = np.linspace(-2, 2, 401)
KINDS = {"l1": 1.0, "l2": 0.0, "elasticnet, l1_ratio=0.5": 0.5}
fig, (left, right) = plt.subplots(1, 2)
for name, ratio in KINDS.items():
    penalty = ElasticNet(alpha=1.0, l1_ratio=ratio)
    left.plot(w, [penalty.value(np.array([[v]])).item() for v in w], label=name)
    # one step of size 1/2 on the penalty alone
    stepped = (np.sign(w) * np.maximum(np.abs(w) - 0.5 * ratio, 0)) / (
        1 + 0.5 * (1 - ratio)
    )
    right.plot(w, stepped, label=name)
right.plot(w, w, color="0.6", linestyle=":", linewidth=1.2, label="no penalty")
left.set(title="Cost of a weight", xlabel="weight w", ylabel="Ω(w), α = 1")
right.set(title="The weight after a step", xlabel="weight before", ylabel="after")
left.legend()
right.legend()
