"""A model: the outermost layer, which owns theta and knows how to learn."""

from __future__ import annotations

import os
import threading

import numpy as np

from strate.layers import tree
from strate.layers.recurrent import Recurrent
from strate.losses import Loss
from strate.optim import Optimizer
from strate.root import Root
from strate.shapes import text
from strate.tensor import Tensor


class Model(Root):
    """A layer with memory of its own and methods to train, judge, use, show and save it.

    Attributes:
        theta, gradient, state, seed, dtype, name: as `Root` says.
        loss: the loss of the last `fit`, which `evaluate` uses and `save` keeps.
        optimizer: of the last `fit`, for `train_on_batch`.
        class_names: names of the outputs, saved with the model; None if they have none.
        input_scale: factor that turned uint8 inputs into real ones; None before any were seen.
    """

    loss: Loss | None = None
    optimizer: Optimizer | None = None
    input_scale: float | None = None
    _class_names: tuple[str, ...] | None = None

    def __init__(self, *, seed: int | None = None, dtype: str = "float32", name: str | None = None):
        super().__init__(seed=seed, dtype=dtype, name=name)
        self._training = threading.Lock()
        self._predictor = None  # made by the first predict
        self._step = None  # of the last train_on_batch, while nothing that it took note of changes

    # Using --------------------------------------------------------------------------------------

    def __call__(self, x, training: bool = False) -> Tensor:
        """Outputs for a batch, as a tensor."""
        return self.forward(self.prepare(x), training)

    def predict(self, x, batch_size: int = 256) -> np.ndarray:
        """Outputs for all of x, as a numpy array.

        Safe to call from several threads at once.

        Args:
            x: (N, ...), numbers of any real type; uint8 is scaled by 1/255.
            batch_size: samples at a time.
        """
        known = self._predictor and self._predictor.again(self, x, batch_size)
        if known is not None:
            return known
        from strate.judge import predict

        return predict(self, x, batch_size)

    def outputs(self, x: Tensor) -> np.ndarray:
        """Outputs for a batch in the model's dtype, as an array of the caller's own."""
        if self._predictor is None:
            from strate.recorded import Predictor

            self._predictor = Predictor(self)
        return self._predictor(self, self.prepare(x))

    # Learning ------------------------------------------------------------------------------------

    def fit(
        self,
        x,
        y,
        *,
        loss,
        optimizer,
        epochs: int,
        batch_size: int = 64,
        validation_data=None,
        validation_split: float = 0,
        metrics=None,
        callbacks=(),
        augment=None,
        shuffle: bool = True,
        seed: int | None = None,
        verbose: int = 1,
        device: str | None = None,
        precision: str | None = None,
    ):
        """Train, and return the history of it.

        Args:
            x: inputs (N, ...), of any real type; uint8 is scaled by 1/255.
            y: targets (N, ...): labels or one-hot for "cross_entropy", else a number for every output.
            loss: a name or a `Loss`; `evaluate` and `save` use it afterwards.
            optimizer: such as `SGD(0.1, momentum=0.9)`.
            epochs: passes over the data; each sample is seen once in each.
            batch_size: samples of a step; the last batch of an epoch may be smaller.
            validation_data: (x, y) judged after each epoch.
            validation_split: fraction of x and y, drawn at random, to be judged instead of learnt.
            metrics: names, `Metric`s or functions f(y, target). Default: accuracy for class losses.
            callbacks: a `Callback` or a list of them.
            augment: `st.data.Augment`: random changes of the images that are learnt from.
            shuffle: whether each epoch has an order of its own.
            seed: of the order, the split and the augmentation, and of the weights if the model is built here.
            verbose: 0 silent, 1 a progress bar, or a line for each epoch where output is not a
                terminal, 2 always lines.
            device: "cpu" or "cuda": where to train; the model moves there, and stays. Default: where it is.
            precision: how a GPU multiplies float32, as `st.cuda.set_multiply` says: "float32", "tf32" or
                "bf16", in which case also what goes between layers is stored as bfloat16, in half the
                memory, while weights, gradients, statistics, state, sums and losses stay float32. What
                `fit` judges while it runs is computed so too; `evaluate` and `predict` store float32
                again, and multiply as it is set. Default: as it is set.
        Returns:
            `History`: lists `loss`, `val_loss`, `accuracy`, ..., and `interrupted` after Ctrl-C.
        Raises:
            ValueError: no data, shapes that do not fit, a label out of range.
            NonFiniteError: NaN or infinity; theta is then as it was before that step.
            RuntimeError: the model is training already.

        >>> x, y = numpy.eye(4), numpy.arange(4)
        >>> model = st.Sequential([st.Dense(4, activation="softmax")])
        >>> history = model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(1.0), epochs=9, verbose=0)
        >>> history.loss[-1] < history.loss[0]
        True
        """
        from strate.train import Plan, fit

        plan = Plan(
            loss,
            optimizer,
            epochs,
            batch_size,
            validation_data,
            validation_split,
            metrics,
            callbacks,
            shuffle,
            seed,
            verbose,
            device,
            precision,
            augment,
        )
        return fit(self, x, y, plan)

    def train_on_batch(self, x, y, *, loss=None, optimizer=None) -> float:
        """One step on one batch: forward, loss, backward, update. Returns the loss before the update.

        Args:
            x, y: as for `fit`.
            loss, optimizer: Default: those of the last `fit` or `train_on_batch`.
        """
        import strate.train_on_batch as steps  # a name from it would take three times as long

        return steps.train_on_batch(self, x, y, loss, optimizer)

    def evaluate(self, x, y, *, batch_size: int = 256, loss=None, metrics=None):
        """Loss and metrics over all of x and y.

        Args:
            x, y: as for `fit`.
            batch_size: samples at a time.
            loss: Default: the loss of `fit`.
            metrics: Default: accuracy for class losses.
        Returns:
            `Scores`, a dictionary with attributes: `scores.loss`, `scores.accuracy`.
        Raises:
            ValueError: no data, no loss, shapes that do not fit.
        """
        from strate.judge import evaluate

        return evaluate(self, x, y, batch_size, loss, metrics)

    def reset_state(self) -> None:
        """Let the sequences of stateful recurrent layers end: the next batch begins new ones."""
        for _, layer in tree.walk(self):
            if isinstance(layer, Recurrent):
                layer.reset_state()

    # Looking and keeping ---------------------------------------------------------------------------

    def summary(self, batch_size: int = 64, depth: int | None = None, verbose: bool = False):
        """Layers, shapes, receptive fields, parameters, multiply-adds, memory and loss; it prints itself.

        Needs no memory for weights, so it works on a model of any size.

        Args:
            batch_size: of the training step whose memory is shown.
            depth: levels of layers inside layers to list; what lies deeper is counted in the row of the
                layer that holds it. Default: all.
            verbose: also how each convolution computes such a batch forward, as chosen by its shape and
                `st.set_convolution`. Default: False.
        """
        from strate.summary import Summary

        return Summary(self, batch_size, depth, verbose)

    def check_gradients(self, x, y, loss, *, samples: int = 8, tolerance: float = 1e-6, seed: int = 0):
        """Compare backward with central differences of forward, in float64.

        Weights and inputs are moved a little for it, in a copy, away from exact ties.

        Args:
            x, y: a small batch.
            loss: a name or a `Loss`.
            samples: numbers looked at in each parameter, and in x.
            tolerance: largest max|a - b| / max|b| that counts as right.
            seed: of the choice of numbers.
        Returns:
            `GradientCheck`: prints itself; `.ok`, `.errors` by parameter name, `.worst`.
        """
        from strate.gradients import check_gradients

        return check_gradients(self, x, y, loss, samples, tolerance, seed)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write weights, architecture, loss, input scaling and class names to one .safetensors file.

        The file is replaced whole or not at all. `st.load` reads it back.

        Raises:
            TypeError: an architecture that is not plain JSON.
            OSError: the folder does not exist, the disk is full.
        """
        from strate.saving import save

        save(self, path)

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """Names of the outputs."""
        return self._class_names

    @class_names.setter
    def class_names(self, names) -> None:
        if names is not None:
            if not all(isinstance(name, str) and name.isprintable() for name in names):
                raise TypeError(f"class_names are printable text; got {names!r}")
            names = tuple(map(str, names))
        if names is not None and self.built and len(names) != (self.output_shape or (0,))[-1]:
            raise ValueError(f"{len(names)} class_names for an output of {text(self.output_shape)}")
        self._class_names = names
