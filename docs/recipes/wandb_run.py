import wandb
from sklearn.datasets import load_digits

from sknnreg import MLPClassifierScratch
from sknnreg.callbacks import Logger

X, y = load_digits(return_X_y=True)
model = MLPClassifierScratch(early_stopping=True, max_iter=20, random_state=0)
settings = {"project": "digits", "mode": "offline", "config": model.get_params()}
with wandb.init(**settings) as run:
    model.set_callbacks(Logger(run.log)).fit(X / 16, y)
