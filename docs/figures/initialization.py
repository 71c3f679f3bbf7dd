"""Size of a signal after each of 20 relu layers, by the scale of the weights."""

import matplotlib.pyplot as plt
import numpy as np

from sknnreg.engine.initializers import INITIALIZERS, VarianceScaling

width, depth = 256, 20
STARTS = {
    "too large: scale=4": VarianceScaling(4.0, "fan_in", "normal"),
    "he_normal, what “auto” takes for relu": INITIALIZERS["he_normal"],
    "glorot_normal": INITIALIZERS["glorot_normal"],
    "too small: scale=0.2": VarianceScaling(0.2, "fan_in", "normal"),
}
fig, ax = plt.subplots()
for name, init in STARTS.items():
    rng = np.random.default_rng(0)
    signal, sizes = rng.standard_normal((200, width)), []
    for _ in range(depth):
        signal = np.maximum(signal @ init(rng, (width, width)), 0)
        sizes.append(np.sqrt(np.mean(signal**2)))
    ax.semilogy(range(1, depth + 1), sizes, label=name)
ax.set(
    xlabel="hidden layer (relu, 256 units)",
    ylabel="root mean square of its output",
    title="Only one scale keeps the signal",
    xticks=range(1, depth + 1, 3),
)
ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
