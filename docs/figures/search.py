"""Cross-validated log loss over penalty strength and dropout: digits, 200 rows."""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sknnreg import MLPClassifierScratch
from sknnreg.inspection import SearchDisplay
from sknnreg.model_selection import FusedGridSearchCV

warnings.filterwarnings("ignore")  # a fixed number of epochs
X, y = load_digits(return_X_y=True)
X_train, _, y_train, _ = train_test_split(
    X / 16, y, train_size=200, stratify=y, random_state=0
)
network = MLPClassifierScratch(
    (64,), batch_size=32, learning_rate_init=0.01, max_iter=60, random_state=0
)
grid = {"alpha": [1e-4, 1e-3, 1e-2, 1e-1], "dropout": [0.0, 0.15, 0.3, 0.45, 0.6]}
search = FusedGridSearchCV(network, grid, scoring="neg_log_loss", cv=3)
search.fit(X_train, y_train)
fig, ax = plt.subplots()
ax.grid(False)
SearchDisplay.from_search(search, ax=ax)
