"""A column as piecewise-linear components."""

import matplotlib.pyplot as plt
import numpy as np

from sknnreg.preprocessing import PiecewiseLinearEncoder

rng = np.random.default_rng(0)
x = rng.lognormal(0, 0.6, (500, 1))
encoder = PiecewiseLinearEncoder(n_bins=4, centered=False).fit(x)
line = np.linspace(0, 4, 400)[:, None]
components = encoder.transform(line)
fig, ax = plt.subplots()
for t, component in enumerate(np.asarray(components).T, 1):
    ax.plot(line, component, label=f"component {t}")
ax.set(
    xlabel="value of the column",
    ylabel="value of the component",
    title="Each component follows one piece of the column",
)
ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
