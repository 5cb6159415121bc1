"""What Python costs: python bench/overhead.py.

The layers of LeNet-5 with one map each on an image of 4x4: the kernels have next to nothing to do, so the
time of a step is that of the calls. Microseconds, medians of blocks; a step of `fit` counts accuracy besides.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

import strate as st


def microseconds(call: Callable[[], object], blocks: int = 41, calls: int = 200) -> float:
    """Median over blocks of the mean time of a call."""
    times = []
    for _ in range(blocks):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times) * 1e6


def small_lenet5() -> st.Sequential:
    """As many layers of the same kinds as LeNet-5."""
    return st.Sequential(
        [
            st.Conv2D(1, 1, activation="relu"),
            st.MaxPool2D(2),
            st.Conv2D(1, 1, activation="relu"),
            st.MaxPool2D(2),
            st.Flatten(),
            st.Dense(1, activation="relu"),
            st.Dense(1, activation="relu"),
            st.Dense(2),
        ],
        input_shape=(4, 4, 1),
        seed=0,
    )


def main() -> None:
    x, label = st.ones((1, 4, 4, 1)), st.tensor([0])
    one, weight = st.ones((1, 1)), st.ones((1, 1))
    pixels = np.ones((1, 4, 4, 1), "float32")
    model, optimizer, loss = small_lenet5(), st.SGD(1e-6, momentum=0.9), st.CrossEntropy()
    linear = st.Activation("identity").kernel
    rows = {
        "an op call (dense, 1x1)": lambda: st._core.dense_forward(one, weight, None, linear),
        "a public op call": lambda: st.ops.dense_forward(one, weight),
        "LeNet-5's layers: train_on_batch": lambda: model.train_on_batch(
            x, label, loss=loss, optimizer=optimizer
        ),
        "LeNet-5's layers: forward": lambda: model.forward(x),
        "LeNet-5's layers: predict of a numpy array": lambda: model.predict(pixels),
    }
    for name, call in rows.items():
        print(f"{name:44} {microseconds(call):8.2f} us")
    steps, fitted = 2000, small_lenet5()
    data = np.ones((steps, 4, 4, 1), "float32"), np.zeros(steps, "int64")
    history = fitted.fit(
        *data, loss=loss, optimizer=st.SGD(1e-6, momentum=0.9), epochs=5, batch_size=1, verbose=0
    )
    each = statistics.median(history.seconds) / steps * 1e6
    name = "LeNet-5's layers: a step of fit"
    print(f"{name:44} {each:8.2f} us")


if __name__ == "__main__":
    main()
