from __future__ import annotations

import numpy as np

from strate import _core
from strate.initializers import FromFunction
from strate.layers.digit_codes import digit_codes
from strate.layers.layer import Layer
from strate.shapes import shape_of


class RBF(Layer):
    """y_i = -sum over j of (x_j - w_ij)^2: how far x is from the code of each class, negated.

    The output of LeNet-5 (LeCun et al., 1998, section II.B). The paper's penalty is -y_i: it has the
    smallest penalty at the class, this layer the largest output, so that predictions and accuracy
    read as with any other output, and y is the logarithm of a Gaussian up to a constant: the logits
    that `MaximumAPosteriori` and cross-entropy take.

    Args:
        classes: number of outputs.
        codes: w, a table (classes, inputs) of constants. Default: for 10 classes and 84 inputs the
            digits as pictures of 7x12 pixels, +1 for ink and -1 for white; otherwise -1 and +1 at
            random, by the model's seed.
    Shapes:
        x (N, inputs) -> y (N, classes)
        codes (classes, inputs): saved with the model, neither trained nor counted as parameters.
    Raises:
        ValueError: a table of another shape.

    >>> layer = st.RBF(10)
    >>> y = layer(st.layers.digit_codes()[[3]])
    >>> int(y.numpy().argmax()), abs(float(y.numpy().max()))
    (3, 0.0)
    """

    capturable = True
    settings = ("classes",)

    def __init__(self, classes: int, codes=None):
        (self.classes,) = shape_of((classes,), "classes")
        self._given = None if codes is None else np.array(codes, np.float64)
        if self._given is not None and (self._given.ndim != 2 or len(self._given) != self.classes):
            raise ValueError(f"codes is a table ({classes}, inputs); got shape={self._given.shape}")

    def build(self, input_shape):
        if len(input_shape) != 1:
            raise ValueError(f"RBF takes a vector, (inputs); got input_shape={input_shape}")
        shape = (self.classes, *input_shape)
        if self._given is not None and self._given.shape != shape:
            raise ValueError(f"codes is a table {shape}; got shape={self._given.shape}")
        self.state("codes", shape, FromFunction(self._codes))
        return (self.classes,)

    def _codes(self, shape, generator):
        if self._given is not None:
            return self._given
        return digit_codes() if shape == (10, 84) else generator.choice([-1.0, 1.0], shape)

    def forward(self, x, training=False):
        if training:
            self.keep(x)
        return _core.rbf_forward(x, self.codes)

    def backward(self, dy):
        x = self.take_saved()
        return _core.rbf_backward(dy, x, self.codes) if self.need_dx else None

    def multiply_adds(self):
        return self.classes * self.input_shape[0]

    def config(self):
        return {"classes": self.classes}  # the codes are in the model's state
