"""Huber, binary cross-entropy and hinge against numpy."""

import numpy as np
import pytest

from harness import Case, OpTests, normal, rejects, results, tensor
from strate import _core

SHAPES = {
    "one": (1,),
    "row": (5,),
    "odd": (7, 3),
    "images": (2, 3, 4, 5),
    "scalar": (),
    "empty": (0, 3),
    "no-components": (3, 0),
    "large": (130, 701),
    "tail": (1, 33),
}
KINDS = [
    ("huber", 1.0, "mean"),
    ("huber", 0.25, "sum"),
    ("binary_cross_entropy", 0.0, "mean"),
    ("binary_cross_entropy", 0.25, "sum"),
    ("hinge", 0.0, "mean"),
    ("hinge", 0.0, "sum"),
]


def build():
    cases = []
    for name, shape in SHAPES.items():
        for kind, parameter, reduction in KINDS:
            target = normal(*shape, seed=2)
            if kind == "binary_cross_entropy":
                target = np.clip(np.round(8 * np.abs(target)) / 8, 0, 1)
            if kind == "hinge":
                target = np.where(target > 0, 1.0, -1.0)
            arrays = {"y": normal(*shape, scale=2.0), "target": target}
            cases.append(Case(f"{kind}-{name}-{reduction}", arrays, (kind, parameter, reduction)))
    return cases


def terms(kind, y, t, parameter):
    """Value and derivative of every term; NaN stays."""
    with np.errstate(invalid="ignore"):
        if kind == "huber":
            d = y - t
            far = np.abs(d) > parameter
            value = np.where(far, parameter * (np.abs(d) - parameter / 2), d**2 / 2)
            return value, np.clip(d, -parameter, parameter)
        if kind == "hinge":
            margin = 1 - t * y
            value = np.where(margin < 0, 0.0, margin)
            return value, np.where(margin > 0, -t, np.where(np.isnan(margin), np.nan, 0.0))
        t = (1 - parameter) * t + parameter / 2
        p = 1 / (1 + np.exp(-y))
        return -t * np.log(p) - (1 - t) * np.log(1 - p), p - t


class TestPointwiseLoss(OpTests):
    gradients = {"y": "dy"}
    nan_inputs = ("y", "target")
    float32_bound = 1e-6
    cases = build()

    def run(self, case, arrays):
        loss, dy = _core.pointwise_loss(tensor(arrays["y"]), tensor(arrays["target"]), *case.settings)
        assert loss.dtype == "float64" and loss.shape == ()
        return results(loss=loss, dy=dy)

    def objective(self, found, arrays):
        return float(found["loss"])

    def oracle(self, case, arrays):
        kind, parameter, reduction = case.settings
        y = arrays["y"]
        samples = max(1, len(y)) if y.ndim and reduction == "mean" else 1
        value, slope = terms(kind, y, arrays["target"], parameter)
        return {"loss": np.array(value.sum() / samples), "dy": slope / samples}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_logits_neither_overflow_nor_lose_the_loss(dtype):
    y, t = np.array([[1000.0, -1000.0, 1000.0, -1000.0]], dtype), np.array([[1, 0, 0, 1]], dtype)
    loss, dy = _core.pointwise_loss(tensor(y), tensor(t), "binary_cross_entropy")
    assert float(loss) == 2000
    assert dy.tolist() == [[0, 0, 1, -1]]


def test_the_kink_of_hinge_has_no_slope():
    loss, dy = _core.pointwise_loss(tensor(np.array([[1.0, -1.0]])), tensor(np.array([[1.0, -1.0]])), "hinge")
    assert float(loss) == 0 and dy.tolist() == [[0, 0]]


@pytest.mark.parametrize("kind", ["huber", "binary_cross_entropy", "hinge"])
@pytest.mark.parametrize("place", [0, 32])
def test_flag(kind, place):
    y = np.zeros((1, 33))
    y[0, place] = np.nan
    loss, _ = _core.pointwise_loss(tensor(y), tensor(np.ones((1, 33))), kind, 0.5)
    assert _core.take_nonfinite(loss) and not _core.take_nonfinite(loss)


def test_errors():
    y = tensor(np.zeros((4, 3)))
    call = _core.pointwise_loss
    rejects(
        ValueError,
        r"y and target have one shape; got y=\(4, 3\), target=\(4, 1\)",
        lambda: call(y, tensor(np.zeros((4, 1))), "hinge"),
    )
    rejects(TypeError, r"y and target have one element type", lambda: call(y, y.astype("float32"), "hinge"))
    rejects(
        TypeError, r"y is float32 or float64", lambda: call(y.astype("int64"), y.astype("int64"), "hinge")
    )
    rejects(ValueError, r"delta is above 0; got delta=0", lambda: call(y, y, "huber", 0.0))
    rejects(ValueError, r"delta is above 0; got delta=nan", lambda: call(y, y, "huber", float("nan")))
    rejects(
        ValueError,
        r"0 <= label_smoothing <= 1; got label_smoothing=2",
        lambda: call(y, y, "binary_cross_entropy", 2.0),
    )
    rejects(
        ValueError,
        r"kind is huber, binary_cross_entropy or hinge; got kind=log",
        lambda: call(y, y, "log"),
    )
    rejects(ValueError, r"reduction is mean or sum", lambda: call(y, y, "hinge", 0.0, "none"))
