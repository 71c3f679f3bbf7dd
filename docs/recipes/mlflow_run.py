import mlflow
from sklearn.datasets import load_digits

from sknnreg import MLPClassifierScratch
from sknnreg.callbacks import Logger

X, y = load_digits(return_X_y=True)
model = MLPClassifierScratch(early_stopping=True, max_iter=20, random_state=0)
mlflow.set_tracking_uri("file:mlruns")  # with MLFLOW_ALLOW_FILE_STORE=true set
with mlflow.start_run():
    mlflow.log_params(model.get_params())
    log = Logger(lambda row: mlflow.log_metrics(row, step=row["epoch"]))
    model.set_callbacks(log).fit(X / 16, y)
