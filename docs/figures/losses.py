"""Cost of an error, by loss."""

import matplotlib.pyplot as plt
import numpy as np

r = np.linspace(-3, 3, 601)
LOSSES = {
    "squared_error": r**2 / 2,
    "absolute_error": np.abs(r),
    "huber, huber_delta=1": np.where(abs(r) <= 1, r**2 / 2, abs(r) - 0.5),
    "quantile, quantile=0.9": np.maximum(-0.9 * r, 0.1 * r),
}
fig, ax = plt.subplots()
for (name, cost), style in zip(LOSSES.items(), ["-", "--", "-.", ":"], strict=True):
    ax.plot(r, cost, style, label=name)
ax.set(
    xlabel="error ŷ − y",
    ylabel="loss",
    ylim=(0, 3),
    title="What an error costs decides what is predicted",
)
ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
