"""Learning rates from epoch to epoch."""

from __future__ import annotations

from math import cos, pi

import pytest

import strate as st
from strate import schedules

CASES = [
    (schedules.StepDecay(1.0, 0.1, every=3), [1, 1, 1, 0.1, 0.1, 0.1, 0.01]),
    (schedules.ExponentialDecay(2.0, 0.5), [2, 1, 0.5, 0.25]),
    (schedules.InverseTime(1.0, 0.5), [1, 1 / 1.5, 0.5]),
    (schedules.Linear(1.0, 5), [1, 0.75, 0.5, 0.25, 0, 0]),
    (schedules.Linear(1.0, 1, end=0.5), [1, 0.5, 0.5]),
    (schedules.Cosine(1.0, 4, end=0.2), [0.2 + 0.4 * (1 + cos(pi * e / 4)) for e in range(4)] + [0.2, 0.2]),
    (schedules.Warmup(schedules.ExponentialDecay(1.0, 0.5), 3), [0.25, 0.5, 0.75, 1, 0.5, 0.25]),
    (schedules.Warmup(lambda epoch: 8.0, 1), [4, 8, 8]),
    (schedules.get(0.3), [0.3, 0.3]),
    (schedules.get(lambda epoch: epoch * 2), [0, 2, 4]),
]


@pytest.mark.parametrize(("schedule", "rates"), CASES, ids=lambda value: type(value).__name__)
def test_rates(schedule, rates):
    assert [schedule(epoch) for epoch in range(len(rates))] == pytest.approx(rates)


def test_one_of_ones_own():
    class Alternating(st.Schedule):
        def __call__(self, epoch):
            return 0.1 if epoch % 2 else 0.2

    optimizer = st.SGD(Alternating())
    optimizer.set_epoch(3)
    assert optimizer.rate == 0.1


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: st.SGD(-0.1), ValueError),
        (lambda: st.SGD(float("nan")), ValueError),
        (lambda: st.SGD("fast"), TypeError),
        (lambda: st.SGD(True), TypeError),
        (lambda: st.SGD(lambda epoch: -1), ValueError),
        (lambda: schedules.StepDecay(0.1, every=0), ValueError),
        (lambda: schedules.Cosine(0.1, 0), ValueError),
        (lambda: schedules.Linear(0.1, 2.5), ValueError),
        (lambda: schedules.Warmup(0.1, -1), ValueError),
        (lambda: schedules.ExponentialDecay(float("inf")), ValueError),
    ],
)
def test_what_is_refused(make, error):
    with pytest.raises(error):
        make()
