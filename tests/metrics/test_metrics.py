"""Numbers for people."""

from __future__ import annotations

import numpy as np
import pytest

import strate as st
from strate import metrics


def test_accuracy_over_batches():
    accuracy = st.Accuracy()
    accuracy.update(st.tensor([[1.0, 2.0], [3.0, 1.0]]), st.tensor([1, 1]))
    accuracy.update(st.tensor([[1.0, 2.0]]), st.tensor([[0.0, 1.0]]))
    assert accuracy.result() == pytest.approx(2 / 3)
    accuracy.reset()
    accuracy.update(st.tensor(np.zeros((2, 5, 3))), st.tensor(np.zeros((2, 5), np.int64)))
    assert accuracy.result() == 1


@pytest.mark.parametrize("ignored", [-1, 1])
def test_accuracy_leaves_out_what_the_loss_ignores(ignored):
    y = st.tensor([[[3.0, 1.0], [1.0, 3.0]], [[1.0, 3.0], [1.0, 3.0]]])  # classes 0 1, 1 1
    target = st.tensor([[0, ignored], [ignored, 0]])
    loss = st.CrossEntropy(ignore_index=ignored)
    for (metric,) in (metrics.get(None, loss), metrics.get("accuracy", loss), [st.Accuracy(ignored)]):
        metric.update(y, target)
        assert (metric.correct, metric.samples) == (1, 2)
        metric.reset()
        metric.update(y, st.tensor(np.full((2, 2), ignored)))
        assert np.isnan(metric.result())


def test_a_function_is_averaged_over_samples():
    def largest(y, target):
        return y.numpy().max()

    metric = metrics.get([largest], st.SquaredError())[0]
    metric.update(st.tensor([[1.0], [2.0], [3.0]]), st.tensor([[0.0]] * 3))
    metric.update(st.tensor([[7.0]]), st.tensor([[0.0]]))
    assert metric.name == "largest"
    assert metric.result() == 4


def test_a_metric_of_ones_own_in_training():
    class Worst(st.Metric):
        name = "worst"

        def reset(self):
            self.value = 0.0

        def update(self, y, target):
            self.value = max(self.value, float(abs(y.numpy() - target.numpy()).max()))

        def result(self):
            return self.value

    x = np.random.default_rng(0).normal(size=(30, 2))
    model = st.Sequential([st.Dense(2)], seed=0)
    options = {"loss": "squared_error", "optimizer": st.SGD(0.2), "epochs": 9, "verbose": 0}
    history = model.fit(x, x, metrics=Worst(), validation_data=(x, x), batch_size=8, **options)
    assert history.worst[-1] < history.worst[0]
    assert history.val_worst[-1] == pytest.approx(abs(model.predict(x) - x).max(), rel=1e-6)


def test_none_means_accuracy_for_classes_only():
    assert [metric.name for metric in metrics.get(None, st.CrossEntropy())] == ["accuracy"]
    assert metrics.get(None, st.SquaredError()) == []
    assert metrics.get([], st.CrossEntropy()) == []


@pytest.mark.parametrize(("from_logits", "right"), [(False, [1, 0, 1, 0]), (True, [1, 1, 1, 0])])
def test_binary_accuracy_over_batches(from_logits, right):
    accuracy = st.BinaryAccuracy(from_logits)
    y, target = np.array([[0.9], [0.4], [-0.1], [np.nan]]), np.array([[1.0], [1.0], [0.0], [0.0]])
    for signs in (target, 2 * target - 1):  # 0 and 1, or -1 and 1
        accuracy.reset()
        for rows in (slice(0, 3), slice(3, 4)):
            accuracy.update(st.tensor(y[rows]), st.tensor(signs[rows]))
        assert accuracy.result() == np.mean(right)


def test_accuracy_by_name_suits_the_loss():
    assert type(metrics.get(None, st.CrossEntropy())[0]) is st.Accuracy
    for loss in (st.BinaryCrossEntropy(), st.Hinge()):
        assert type(metrics.get(None, loss)[0]) is st.BinaryAccuracy
        assert type(metrics.get("accuracy", loss)[0]) is st.BinaryAccuracy
    assert metrics.get(None, st.Huber()) == []


def test_a_single_output_is_always_the_largest():
    with pytest.raises(ValueError, match=r"for a single one use BinaryAccuracy\(\)"):
        st.Accuracy().update(st.tensor([[0.1]]), st.tensor([[0.0]]))
