"""The engine: multi-layer perceptrons, their gradients and solvers, in NumPy and SciPy.

Nothing here knows scikit-learn. Every array carries a leading *model axis*: ``K``
models of one shape are trained in one pass; an ordinary fit has ``K = 1``. Layers are
written over the last two axes, so they read like the textbook.

===========  ==================  ======================================================
symbol       shape               meaning
===========  ==================  ======================================================
``K``                            number of models trained together
``B``                            rows of a mini-batch
``P``                            number of trained parameters of one model
``theta``    (K, P)              all parameters: weights, then biases, then norm gains
``grad``     (K, P)              gradient of the objective with respect to ``theta``
``x``        (1 or K, B, n_in)   what enters a layer; 1 where all models share the rows
``y``        (K, B, n_out)       what leaves it
``dy, dx``   as ``y, x``         gradient of the loss with respect to ``y`` and ``x``
``W``        (K, n_in, n_out)    weights of a dense layer: ``z = x W + b``
``b``        (K, n_out)          its biases
``raw``      (K, B, n_outputs)   output of the network before the inverse link
``weight``   (1 or K, B)         sample weights, or None for all ones
``fan_in``                       number of inputs of a unit: ``n_in`` of its layer
``rate``     float or (K, 1)     learning rate of a step
===========  ==================  ======================================================

The objective of each model::

    J(theta) = sum_i w_i l(raw_i, y_i) / sum_i w_i + Omega(W)

Numbers that may differ inside a stack (alpha, dropout rate, learning rate, ...) are
Python floats where all models agree and arrays of shape (K, 1) where not.
"""
