"""Cross-entropy against numpy: labels, probabilities, weights, smoothing, ignored rows, huge logits."""

import numpy as np
import pytest

from harness import (
    Case,
    OpTests,
    captured,
    cast,
    cuda_only,
    isa,
    normal,
    rejects,
    results,
    tensor,
    threads,
)
from strate import _core


def labels_of(shape, classes, dtype="int64", seed=5):
    return np.random.default_rng(seed).integers(0, classes, shape).astype(dtype)


def probabilities_of(shape, seed=6):
    p = np.random.default_rng(seed).uniform(0.0, 1.0, shape)
    return np.float64(np.float32(p / p.sum(axis=-1, keepdims=True)))


def log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def build():
    shapes = {
        "one": (1, 3),
        "row": (64, 10),
        "odd": (7, 33),
        "images": (2, 3, 4, 5),
        "wide": (3, 1000),
        "large": (900, 100),
        "two-registers": (4, 32),
        "long": (3, 2500),
    }
    cases = []
    for name, shape in shapes.items():
        y, labels, weight = (
            normal(*shape),
            labels_of(shape[:-1], shape[-1]),
            normal(shape[-1], seed=8) ** 2 + 0.5,
        )
        weight = np.float64(np.float32(weight))
        ignored = int(labels.flat[0])
        cases += [
            Case(name, {"y": y, "target": labels}, {}),
            Case(
                name + "-sum-bytes",
                {"y": y, "target": labels.astype(np.uint8 if shape[-1] < 256 else np.int32)},
                {"reduction": "sum"},
            ),
            Case(
                name + "-everything",
                {"y": y, "target": labels.astype(np.int32), "class_weight": weight},
                {"label_smoothing": 0.25, "ignore_index": ignored},
            ),
            Case(name + "-background", {"y": y, "target": labels}, {"background": 0.75}),
            Case(name + "-probabilities", {"y": y, "target": probabilities_of(shape)}, {}),
            Case(
                name + "-probabilities-everything",
                {"y": y, "target": probabilities_of(shape), "class_weight": weight},
                {"label_smoothing": 0.125},
            ),
            Case(
                name + "-not-logits", {"y": probabilities_of(shape), "target": labels}, {"from_logits": False}
            ),
            Case(
                name + "-not-logits-everything",
                {"y": probabilities_of(shape), "target": probabilities_of(shape, 7), "class_weight": weight},
                {"from_logits": False, "label_smoothing": 0.25},
                smooth=shape[-1] < 50,
            ),  # else y is as small as a step
        ]
    cases.append(Case("one-class", {"y": normal(5, 1), "target": np.zeros(5, np.int64)}, {}))
    cases.append(Case("no-rows", {"y": normal(0, 4), "target": labels_of((0,), 4)}, {}))
    cases.append(Case("no-rows-probabilities", {"y": normal(0, 4), "target": normal(0, 4)}, {}))
    cases.append(
        Case(
            "ignored-outside",
            {"y": normal(4, 3), "target": np.array([-100, 2, -100, 0])},
            {"ignore_index": -100},
        )
    )
    cases.append(Case("all-ignored", {"y": normal(2, 3), "target": np.array([1, 1])}, {"ignore_index": 1}))
    return cases


class TestCrossEntropy(OpTests):
    gradients = {"y": "dy"}
    nan_inputs = ("y",)
    float32_bound = 3e-6
    gradient_bound = 1e-5
    cases = build()

    def run(self, case, arrays):
        weight = tensor(arrays["class_weight"]) if "class_weight" in arrays else None
        loss, dy = _core.cross_entropy(tensor(arrays["y"]), tensor(arrays["target"]), weight, **case.settings)
        assert loss.dtype == "float64" and loss.shape == ()
        return results(loss=loss, dy=dy)

    def objective(self, found, arrays):
        return float(found["loss"])

    def oracle(self, case, arrays):
        y, target, settings = arrays["y"], arrays["target"], case.settings
        classes, ignored = y.shape[-1], settings.get("ignore_index")
        weight = arrays.get("class_weight", np.ones(classes))
        labelled = target.shape == y.shape[:-1]
        kept = np.ones(y.shape[:-1], bool) if ignored is None else target != ignored
        t = np.eye(classes)[np.where(kept, target, 0)] if labelled else target
        smoothing = settings.get("label_smoothing", 0.0)
        a = weight * ((1 - smoothing) * t + smoothing / classes) * kept[..., None]
        rows = (weight * t * kept[..., None]).sum() if labelled or "class_weight" in arrays else kept.sum()
        divisor = rows if settings.get("reduction", "mean") == "mean" else 1.0
        share = 1 / divisor if divisor else 0.0
        if y.size == 0:
            return {"loss": np.array(0.0), "dy": np.zeros_like(y)}
        if settings.get("from_logits", True):
            background = settings.get("background", -np.inf)
            log_y = log_softmax(np.append(y, np.full((*y.shape[:-1], 1), background), -1))[..., :-1]
            dy = np.exp(log_y) * a.sum(axis=-1, keepdims=True) - a
        else:
            log_y, dy = np.log(y), np.where((a == 0) & ~np.isnan(y), 0.0, -a / y)
        dy, parts = dy * kept[..., None], a * log_y
        dy[~kept], parts[~kept] = 0.0, 0.0
        return {"loss": np.array(-parts.sum() * share), "dy": dy * share}


@pytest.mark.parametrize("instructions", _core.supported_isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logits_of_any_size_give_a_finite_loss(dtype, instructions):
    y = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 1e4], [1e4, 1e4, 1e4]], dtype)
    with isa(instructions):
        loss, dy = _core.cross_entropy(tensor(y), tensor(np.array([1, 1, 0])))
    assert float(loss) == pytest.approx((2e4 + np.log(2) + np.log(3)) / 3, rel=1e-6)
    want = np.array([[1, -1, 0], [0, -0.5, 0.5], [-2 / 3, 1 / 3, 1 / 3]]) / 3
    assert np.allclose(dy.numpy(), want, atol=1e-6)
    assert not _core.take_nonfinite(loss)


def test_an_impossible_class_costs_nothing_unless_it_is_the_target():
    y = np.array([[0.0, -np.inf, 0.0]])
    loss, dy = _core.cross_entropy(tensor(y), tensor(np.array([0])))
    assert float(loss) == pytest.approx(np.log(2)) and np.allclose(dy.numpy(), [[-0.5, 0, 0.5]])
    loss, _ = _core.cross_entropy(tensor(y), tensor(np.array([1])))
    assert float(loss) == np.inf and _core.take_nonfinite(loss)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_logit_that_is_not_finite_raises_the_flag(dtype, bad):
    for classes in (3, 10, 40):
        y = np.zeros((4, classes), dtype)
        y[2, 1] = bad
        loss, _ = _core.cross_entropy(tensor(y), tensor(np.zeros(4, np.int64)))
        assert not np.isfinite(float(loss))
        assert _core.take_nonfinite(loss) and not _core.take_nonfinite(loss)


def test_labels_and_one_hot_agree():
    y, labels, weight = normal(20, 7), labels_of((20,), 7), normal(7, seed=3) ** 2
    one_hot = np.eye(7)[labels]
    for settings in ({}, {"label_smoothing": 0.2}, {"reduction": "sum"}):
        for w in (None, tensor(weight)):
            a = _core.cross_entropy(tensor(y), tensor(labels), w, **settings)
            b = _core.cross_entropy(tensor(y), tensor(one_hot), w, **settings)
            assert float(a[0]) == pytest.approx(float(b[0]), rel=1e-13)
            assert np.allclose(a[1].numpy(), b[1].numpy(), rtol=0, atol=1e-15)


def test_strided_labels_and_read_only_inputs():
    y, labels = normal(6, 4).astype(np.float32), np.repeat(labels_of((6,), 4), 2)
    y.flags.writeable = False
    a = _core.cross_entropy(tensor(y), tensor(labels[::2]))
    b = _core.cross_entropy(tensor(y), tensor(labels[::2].copy()))
    assert float(a[0]) == float(b[0])


def test_the_sum_does_not_depend_on_threads():
    case = {"y": normal(5000, 20), "target": labels_of((5000,), 20)}
    found = set()
    for count in (1, 2, 5):
        with threads(count):
            arrays = cast(case, "float32")
            found.add(float(_core.cross_entropy(tensor(arrays["y"]), tensor(arrays["target"]))[0]))
    assert len(found) == 1


@cuda_only
@pytest.mark.parametrize("bad", [-1, 3, 2**40])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_label_that_a_captured_step_does_not_check_makes_the_loss_nan(weighted, bad):
    y, labels = tensor(normal(5, 3)), tensor(np.array([0, 1, bad, 2, 0]))
    weight = tensor(np.array([1.0, 2.0, 3.0])) if weighted else None
    with captured():
        loss, _ = _core.cross_entropy(y, labels, weight)
    assert np.isnan(float(loss)) and _core.take_nonfinite(loss)


@cuda_only
def test_everything_lies_on_one_device():
    y, labels = tensor(np.zeros((4, 3))), np.array([0, 1, 2, 0])
    for target in (labels, np.eye(3)[labels]):
        rejects(
            ValueError,
            "target lie on one device; got y on cuda, .* on cpu",
            lambda target=target: _core.cross_entropy(y, _core.from_numpy(target)),
        )
    rejects(
        ValueError,
        "y and class_weight lie on one device",
        lambda: _core.cross_entropy(y, tensor(labels), _core.from_numpy(np.ones(3))),
    )


def test_errors():
    y, labels = tensor(np.zeros((4, 3))), tensor(np.array([0, 1, 2, 0]))

    def call(target, y=y, **settings):
        return lambda: _core.cross_entropy(y, tensor(np.asarray(target)), **settings)

    rejects(IndexError, r"0 <= label < 3; got label 3 in row 2", call([0, 1, 3, 0]))
    rejects(IndexError, r"0 <= label < 3; got label -1 in row 0", call([-1, 1, 3, 0]))
    rejects(IndexError, r"got label 7 in row 1", call(np.array([0, 7, 0, 0], np.uint8), ignore_index=5))
    rejects(TypeError, r"labels are uint8, int32 or int64; got target=float64 \(4,?\)", call(np.zeros(4)))
    rejects(TypeError, r"labels are uint8, int32 or int64; got target=bool", call(np.zeros(4, bool)))
    rejects(
        ValueError,
        r"a label for each row, \(4,?\), or a probability for each class, \(4, 3\); got target=\(3,?\)",
        call([0, 1, 2]),
    )
    rejects(TypeError, r"one element type", call(np.zeros((4, 3), np.float32)))
    rejects(TypeError, r"one element type", call(np.zeros((4, 3), np.int64)))
    rejects(ValueError, r"ignore_index needs labels", call(np.zeros((4, 3)), ignore_index=1))
    rejects(
        ValueError, r"0 <= label_smoothing <= 1; got label_smoothing=1.5", call([0] * 4, label_smoothing=1.5)
    )
    rejects(ValueError, "the background is a finite logit", call([0] * 4, background=float("inf")))
    rejects(
        ValueError,
        "the background is a finite logit; got background=1, from_logits=0",
        call([0] * 4, background=1.0, from_logits=False),
    )
    rejects(ValueError, r"reduction is mean or sum; got reduction=none", call([0] * 4, reduction="none"))
    rejects(
        ValueError,
        r"class_weight has one number per class, \(3,?\); got class_weight=\(2,?\)",
        call([0] * 4, class_weight=tensor(np.ones(2))),
    )
    rejects(
        ValueError,
        r"class weights are finite, 0 or more; got -1 for class 1",
        call([0] * 4, class_weight=tensor(np.array([1.0, -1, 1]))),
    )
    rejects(TypeError, r"y is float32 or float64; got y=int64", lambda: _core.cross_entropy(labels, labels))
    rejects(ValueError, r"y is \(..., classes\); got y=\(2, 0\)", call([0, 0], y=tensor(np.zeros((2, 0)))))
