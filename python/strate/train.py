"""The training loop: epochs of batches, judged after each."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from numbers import Real

import numpy as np

from strate import losses, metrics
from strate.batches import SCALE
from strate.callbacks import Callback
from strate.captured import step_of
from strate.cuda import PRECISIONS, multiplying
from strate.data.augment import Augment
from strate.history import History
from strate.info import check_device
from strate.interrupt import Interrupt
from strate.judge import Labelled, check_batch_size, scores
from strate.mixed import stored
from strate.nonfinite import NonFiniteError
from strate.ops.gather import gather
from strate.optim import Optimizer
from strate.progress import progress
from strate.random import SHUFFLE, SPLIT, permutation, seed_of
from strate.staging import Drawing, drawn, split
from strate.step import Tally
from strate.tensor import Tensor, from_numpy, tensor


@dataclass
class Plan:
    """What `fit` was asked to do."""

    loss: object
    optimizer: Optimizer
    epochs: int
    batch_size: int
    validation_data: tuple | None
    validation_split: float
    metrics: object
    callbacks: object
    shuffle: bool
    seed: int | None
    verbose: int
    device: str | None
    precision: str | None
    augment: object = None

    def check(self) -> None:
        """Refuse what cannot be done before anything is built."""
        if self.device is not None:
            check_device(self.device)
        if self.precision not in (None, *PRECISIONS):
            names = ", ".join(PRECISIONS)
            raise ValueError(f"precision is one of {names}; got precision={self.precision!r}")
        check_batch_size(self.batch_size)
        check_optimizer(self.optimizer)
        self.loss = losses.get(self.loss)
        self.metrics = metrics.get(self.metrics, self.loss)
        if isinstance(self.epochs, bool) or not hasattr(self.epochs, "__index__") or self.epochs < 0:
            raise ValueError(f"epochs is a whole number, 0 or more; got epochs={self.epochs!r}")
        self._check_validation()
        if self.augment is not None and not isinstance(self.augment, Augment):
            raise TypeError(f"augment is a st.data.Augment; got augment={self.augment!r}")
        self.callbacks = callbacks_of(self.callbacks)

    def _check_validation(self) -> None:
        split, data = self.validation_split, self.validation_data
        if not isinstance(split, Real) or not 0 <= split < 1:
            raise ValueError(f"0 <= validation_split < 1; got validation_split={split!r}")
        if data is None:
            return
        if split:
            raise ValueError("give validation_data or validation_split; got both")
        if not isinstance(data, (tuple, list)) or len(data) != 2:
            length = f" of {len(data)}" if hasattr(data, "__len__") else ""
            raise TypeError(f"validation_data is a pair (x, y); got a {type(data).__name__}{length}")


class Training:
    """A run of `fit`, as callbacks see it.

    Attributes:
        model, loss, optimizer, history: of the run.
        epoch, batch: counted from 0.
        batch_loss: the loss of the last batch.
        values: curves' values of the last epoch.
    """

    def __init__(self, model, x, y, plan: Plan):
        self.model, self.plan, self.loss, self.optimizer = model, plan, plan.loss, plan.optimizer
        self.seed = seed_of(plan.seed)
        if model._buffers is None and model.seed is None and plan.seed is not None:
            model.seed = self.seed
        self.data = Labelled(model, self.loss, x, y)
        if plan.device is not None:
            model.to(plan.device)
        check_precision(model, plan.precision)
        if plan.augment is not None:
            plan.augment.check(self.data.x.shape[1:])
        self.validation, self.rows = self._split()
        self.data.keep_near(model.device)
        self.random = tensor([self.seed, 0], "int64", self.data.x.device)  # of the augmentation: seed, epoch
        x, target = self.data.x, self.data.target
        self.drawing = Drawing(x, target, model.dtype, plan.augment, self.random)
        self.history, self.values = History(self._curves()), {}
        self.epoch = self.batch = 0
        self._batch_loss = float("nan")
        self._stopped = False
        model.loss, model.optimizer = self.loss, self.optimizer
        if self.data.x.dtype == "uint8":
            model.input_scale = SCALE
        self.step = step_of(model, self.loss, self.optimizer)
        self.progress = progress(plan.verbose)

    @property
    def batch_loss(self) -> float:
        """The loss of the last batch; on a GPU this waits for it."""
        return float(self._batch_loss)

    def stop(self, reason: str = "a callback asked for it") -> None:
        """End training after the current batch; called at an epoch's end, after that epoch."""
        self._stopped, self.history.stopped = True, reason

    def run(self) -> History:
        """All epochs."""
        try:
            with Interrupt() as interrupt:
                self._call("on_train_begin")
                for epoch in range(self.plan.epochs):
                    self.epoch = epoch
                    if not self._run_epoch(interrupt) or self._stopped or interrupt.requested:
                        break
                self.history.interrupted = interrupt.requested
                self._call("on_train_end")
        except NonFiniteError as error:
            error.history = self.history
            raise
        finally:
            self.progress.close()
        return self.history

    def _run_epoch(self, interrupt: Interrupt) -> bool:
        """One pass over the data; False if it was cut short."""
        began = time.perf_counter()
        self.step.follow()
        self.optimizer.set_epoch(self.epoch)
        tally = Tally(self.model, self.loss, self.plan.metrics)
        order, size = self._order(), self.plan.batch_size
        self.random[1] = self.epoch
        self._call("on_epoch_begin")
        self.progress.start(self.epoch, self.plan.epochs, len(order))
        with closing(drawn(self.drawing, split(order, size), self.model.device)) as batches:
            for self.batch in range(-(-len(order) // size)):
                self._learn(*next(batches), tally)  # nobody keeps its memory from the next one
                self._call("on_batch_end")
                if (interrupt.requested or self._stopped) and (self.batch + 1) * size < len(order):
                    self.step.settle()
                    return False
        self.step.settle()
        self.values = tally.values()
        if self.validation is not None:
            judged = scores(self.model, self.loss, self.validation, self.plan.metrics, self.plan.batch_size)
            self.values |= {"val_" + name: value for name, value in judged.items()}
        self.values |= {"learning_rate": self.optimizer.rate, "seconds": time.perf_counter() - began}
        self.history.add(self.values)
        self.progress.finish(self.values)
        self._call("on_epoch_end")
        return True

    def _learn(self, rows: Tensor, x: Tensor, target: Tensor, tally: Tally) -> None:
        outcome = self.step(x, target, rows, self.epoch, self.batch)
        self._batch_loss = outcome.value
        tally.add(outcome)
        self.progress.advance(len(rows), tally)

    def _order(self) -> Tensor:
        if not self.plan.shuffle:
            return self.rows
        return gather(self.rows, permutation(len(self.rows), self.seed, SHUFFLE + self.epoch))

    def _curves(self) -> list[str]:
        """Names that every epoch adds to, so that they are lists even if none is completed."""
        judged = ["loss", *(metric.name for metric in self.plan.metrics)]
        both = judged + ["val_" + name for name in judged if self.validation is not None]
        return [*both, "learning_rate", "seconds"]

    def _split(self) -> tuple[Labelled | None, Tensor]:
        """What is judged, and the rows that are learnt from."""
        plan, count = self.plan, len(self.data)
        if plan.validation_data is not None:
            x, y = plan.validation_data
            return Labelled(self.model, self.loss, x, y, "validation "), from_numpy(np.arange(count))
        judged = round(count * plan.validation_split)
        if plan.validation_split and not 0 < judged < count:
            raise ValueError(
                f"validation_split={plan.validation_split} of {count} samples leaves {judged} to judge "
                f"and {count - judged} to learn from"
            )
        if not judged:
            return None, from_numpy(np.arange(count))
        rows = permutation(count, self.seed, SPLIT)
        return part(self.data, rows[:judged]), rows[judged:].contiguous()

    def _call(self, method: str) -> None:
        for callback in self.plan.callbacks:
            getattr(callback, method)(self)


def part(data: Labelled, rows: Tensor) -> Labelled:
    """Some rows of a data set, copied."""
    piece = object.__new__(Labelled)
    piece.x, piece.target = gather(data.x, rows), gather(data.target, rows)
    return piece


def fit(model, x, y, plan: Plan) -> History:
    """Train a model."""
    plan.check()
    with training(model):
        try:
            run = Training(model, x, y, plan)
            with multiplying(plan.precision), stored(model, plan.precision):
                return run.run()
        finally:
            model.ask_dx(True)


def begin_training(model) -> None:
    """One training at a time, of an outermost model: what began releases `model._training`."""
    if not model.is_outermost:
        raise RuntimeError(f"{model.name} is part of another model; train that one")
    if not model._training.acquire(False):
        raise RuntimeError(f"{model.name} is already training")


@contextmanager
def training(model):
    """A training that asks every layer for dx at first."""
    begin_training(model)
    try:
        if not model.need_dx:
            model.ask_dx(True)
        yield
    finally:
        model._training.release()


def check_precision(model, precision: str | None) -> None:
    """Refuse what the model's device or element type cannot do."""
    if precision is not None and model.device == "cpu":
        raise ValueError(f'precision says how a GPU multiplies; got precision={precision!r} on "cpu"')
    if precision in ("tf32", "bf16") and model.dtype != "float32":
        raise ValueError(f"precision={precision!r} is for float32 models; {model.name} is {model.dtype}")


def callbacks_of(given) -> tuple[Callback, ...]:
    """Callbacks from one or several."""
    callbacks = (given,) if isinstance(given, Callback) else given
    if not isinstance(callbacks, Iterable):
        raise TypeError(f"callbacks are a list of Callbacks; got callbacks={given!r}")
    callbacks = tuple(callbacks)
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise TypeError(f"a callback is a Callback; got {callback!r}")
    return callbacks


def check_optimizer(optimizer) -> Optimizer:
    """`optimizer` if it is one."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer is an Optimizer, such as SGD(0.1); got optimizer={optimizer!r}")
    return optimizer
