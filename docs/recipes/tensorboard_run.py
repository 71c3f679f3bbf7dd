from contextlib import closing

from sklearn.datasets import load_digits
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from sknnreg import MLPClassifierScratch
from sknnreg.callbacks import Logger

X, y = load_digits(return_X_y=True)
model = MLPClassifierScratch(early_stopping=True, max_iter=20, random_state=0)
with closing(EventFileWriter("runs/digits")) as writer:

    def log(row):
        cells = [Summary.Value(tag=k, simple_value=v) for k, v in row.items()]
        event = Event(summary=Summary(value=cells), step=row["epoch"])
        writer.add_event(event)

    model.set_callbacks(Logger(log)).fit(X / 16, y)
