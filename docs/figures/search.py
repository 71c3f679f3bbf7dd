"""Cross-validated R² over penalty strength and dropout: diabetes."""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold
from sklearn.preprocessing import scale

from sknnreg import MLPRegressorScratch
from sknnreg.inspection import SearchDisplay
from sknnreg.model_selection import FusedGridSearchCV

warnings.filterwarnings("ignore")  # a fixed number of epochs
X, y = map(scale, load_diabetes(return_X_y=True))
network = MLPRegressorScratch(
    hidden_layer_sizes=(64,),
    penalty="elasticnet",
    batch_size=32,
    learning_rate_init=0.005,
    max_iter=60,
    random_state=0,
)
grid = {"alpha": [1e-3, 1e-2, 0.1, 1.0], "dropout": [0.0, 0.2, 0.4, 0.6]}
folds = KFold(5, shuffle=True, random_state=0)
search = FusedGridSearchCV(network, grid, scoring="r2", cv=folds).fit(X, y)
fig, ax = plt.subplots()
ax.grid(visible=False)
SearchDisplay.from_search(search, ax=ax)
