import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd

from sknnreg import MLPClassifierScratch

X = da.random.default_rng(0).normal(size=(2000, 4), chunks=(500, 4)).astype("f4")
y = (X[:, 0] * X[:, 1] > 0).astype(int)
model = MLPClassifierScratch((32,), learning_rate_init=0.01, random_state=0)
for _ in range(20):
    for part_X, part_y in zip(X.partitions, y.partitions, strict=True):
        model.partial_fit(part_X.compute(), part_y.compute(), classes=[0, 1])
answer = X.map_blocks(model.predict, dtype=int, drop_axis=1)  # lazy, block by block

frame = dd.from_pandas(pd.DataFrame(np.asarray(X), columns=list("abcd")), npartitions=4)
labels = frame.a * frame.b > 0
by_name = MLPClassifierScratch((32,), learning_rate_init=0.01, random_state=0)
for part_X, part_y in zip(frame.partitions, labels.partitions, strict=True):
    by_name.partial_fit(part_X.compute(), part_y.compute(), classes=[False, True])
