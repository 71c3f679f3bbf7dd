from sklearn.datasets import load_breast_cancer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknnreg import MLPClassifierScratch
from sknnreg.inspection import LossCurveDisplay

X, y = load_breast_cancer(return_X_y=True)
network = MLPClassifierScratch(
    (64,), alpha=1e-3, dropout=0.3, early_stopping=True, random_state=0
)
model = make_pipeline(StandardScaler(), network).fit(X, y)
LossCurveDisplay.from_estimator(model)
