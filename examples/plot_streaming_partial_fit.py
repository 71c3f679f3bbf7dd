r"""
====================================
Can a network learn from a stream?
====================================

``partial_fit`` makes one pass of steps over the rows it is given, and goes on from the
weights and the optimizer's moments of the call before: data that come in pieces, or do
not fit in memory, need no other estimator. Handwritten digits arrive 32 at a time. Each
batch is first a test and then for training ("prequential" evaluation):

.. math:: \text{accuracy}_t \text{ of } f_{t-1} \text{ on batch } t,
   \qquad f_t = \text{partial\_fit}(f_{t-1}, \text{batch } t).

Half-way the camera is turned by 90°. Look at which of the two models recovers.
"""

# %%
# A stream with a break
# ---------------------
# The digits come four times, in an order of their own each time; from the middle on
# they lie on their side. One network learns all the way, the other one was trained on
# the first quarter and is left as it is. ``classes`` must be named in the first call,
# since later batches may have classes that the first one has not.

import copy

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sknnreg import MLPClassifierScratch

images, labels = load_digits(return_X_y=True)
images = (images / 16).astype(np.float32).reshape(-1, 8, 8)
rng = np.random.default_rng(0)
order = np.concatenate([rng.permutation(len(images)) for _ in range(4)])
batches = np.array_split(order, len(order) // 32)
turn = len(batches) // 2

network = MLPClassifierScratch(
    hidden_layer_sizes=(100,), learning_rate_init=0.003, dropout=0.2, random_state=0
)
frozen = network
right = {"goes on learning": [], "trained on the first quarter": []}
for number, rows in enumerate(batches):
    X, y = images[rows], labels[rows]
    if number >= turn:
        X = np.rot90(X, axes=(1, 2))
    X = X.reshape(len(X), -1)
    if number > 0:
        for name, model in zip(right, (network, frozen), strict=True):
            right[name].append(np.mean(model.predict(X) == y))
    network.partial_fit(X, y, classes=np.arange(10))
    if number == turn // 2:
        frozen = copy.deepcopy(network)

seen = 32 * np.arange(1, len(batches))
for name, accuracy in right.items():
    at = turn - 1  # the first batch was no test
    parts = accuracy[at - 20 : at], accuracy[at : at + 20], accuracy[-20:]
    before, after, end = (f"{np.mean(part):.0%}" for part in parts)
    print(f"{name:29} 20 batches before the turn {before}, after {after}, last {end}")

# %%
# What a stream needs
# -------------------
# Accuracies are means of the last ten batches. A constant learning rate keeps the
# network able to change; dropout and penalties act as in ``fit``. Early stopping and
# schedules that end at ``max_iter`` have no meaning in a stream.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
looks = {"color": "#0072B2"}, {"color": "#D55E00", "ls": "--"}
for (name, accuracy), look in zip(right.items(), looks, strict=True):
    rolling = np.convolve(accuracy, np.ones(10) / 10, mode="valid")
    ax.plot(seen[9:], 100 * rolling, lw=2, label=name, **look)
ax.axvline(32 * turn, color="black", ls=":", lw=1)
ax.text(32 * turn, 8, "the camera is turned ", ha="right")
ax.set(xlabel="Digits seen so far", ylabel="Accuracy on the next digits (%)")
ax.set(ylim=(0, 103), title="With partial_fit a network recovers from a change")
ax.legend(loc="lower left", bbox_to_anchor=(0, 0.12))
plt.show()
