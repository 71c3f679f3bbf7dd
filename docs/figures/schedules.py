"""The learning rate over the epochs, by schedule."""

import warnings

import matplotlib.pyplot as plt
import numpy as np

from sknnreg import MLPRegressorScratch

warnings.filterwarnings("ignore")  # a fixed number of epochs
rng = np.random.default_rng(0)
X = rng.standard_normal((64, 2))
KINDS = {
    "constant": {},
    "invscaling": {},
    "cosine": {"warmup_fraction": 0.1},
    "onecycle": {"warmup_fraction": 0.3},
    "coslog4": {},
    "step": {"decay_epochs": 25, "decay_rate": 0.5},
    "exponential": {"decay_epochs": 25, "decay_rate": 0.5},
}
fig, axes = plt.subplots(2, 4, sharex=True, sharey=True, figsize=(7.2, 3.2))
for ax, (name, settings) in zip(axes.flat, KINDS.items(), strict=False):
    model = MLPRegressorScratch(
        hidden_layer_sizes=(2,),
        learning_rate=name,
        learning_rate_init=1.0,
        solver="sgd",
        batch_size=16,
        clip_norm=1e-6,
        max_iter=100,
        n_iter_no_change=np.inf,
        random_state=0,
        **settings,
    ).fit(X, X[:, 0])
    ax.plot(range(1, 101), model.history_["learning_rate"])
    ax.set_title(name, fontsize=9)
axes.flat[-1].axis("off")
for ax in (*axes[1, :3], axes[0, 3]):
    ax.set_xlabel("epoch", fontsize=9)
    ax.xaxis.set_tick_params(labelbottom=True)
fig.supylabel("rate / learning_rate_init", fontsize=9)
