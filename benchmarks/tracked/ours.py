"""Our own speed and memory over the commits."""

import numpy as np

WORKLOADS = {
    "569x30 (100,) 200": (569, 30, (100,), 200, 60),
    "20000x8 (100,) 200": (20000, 8, (100,), 200, 4),
    "20000x50 (256,256) 256": (20000, 50, (256, 256), 256, 2),
    "20000x50 (100,) 32": (20000, 50, (100,), 32, 1),
}


def make_data(n, n_features, dtype):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, n_features)).astype(dtype)
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


class Fit:
    params = (list(WORKLOADS), ["float32", "float64"], [0.0, 0.5])
    param_names = ("workload", "dtype", "dropout")

    def setup(self, workload, dtype, dropout):
        from sknnreg import MLPClassifierScratch

        n, n_features, hidden, batch, epochs = WORKLOADS[workload]
        self.X, self.y = make_data(n, n_features, dtype)
        self.model = MLPClassifierScratch(
            hidden_layer_sizes=hidden,
            batch_size=batch,
            max_iter=epochs,
            n_iter_no_change=np.inf,
            dropout=dropout,
            random_state=0,
        )

    def time_fit(self, workload, dtype, dropout):
        self.model.fit(self.X, self.y)

    def peakmem_fit(self, workload, dtype, dropout):
        self.model.fit(self.X, self.y)


class Predict:
    params = ([1, 1000, 100_000],)
    param_names = ("rows",)

    def setup(self, rows):
        from sknnreg import MLPClassifierScratch

        self.X, y = make_data(100_000, 50, "float32")
        self.model = MLPClassifierScratch(max_iter=1).fit(self.X[:1000], y[:1000])
        self.X = self.X[:rows]

    def time_predict(self, rows):
        self.model.predict(self.X)


class Search:
    params = (["(32,)/32", "(100,)/200"],)
    param_names = ("network",)

    def setup(self, network):
        from sknnreg import MLPClassifierScratch
        from sknnreg.model_selection import FusedGridSearchCV

        hidden, batch = {"(32,)/32": ((32,), 32), "(100,)/200": ((100,), 200)}[network]
        self.X, self.y = make_data(569, 30, "float64")
        model = MLPClassifierScratch(
            hidden_layer_sizes=hidden,
            batch_size=batch,
            max_iter=10,
            n_iter_no_change=np.inf,
            random_state=0,
        )
        grid = {"alpha": np.logspace(-5, -1, 10)}
        self.search = FusedGridSearchCV(model, grid, cv=3, refit=False)

    def time_search(self, network):
        self.search.fit(self.X, self.y)
