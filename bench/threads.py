"""Whether more threads are ever slower than one: python bench/threads.py [NAME ...] [--batch N].

A training step and a prediction of each network of the zoo that takes images, on one thread and on all, in
turns of the same process. Milliseconds, medians; the last column is the time on all threads over that on one.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

import strate as st
from peers.timing import interleave


def contestants(name: str, batch: int) -> dict[str, dict[str, Callable]]:
    """What is timed, by its name: the same work on one thread and on all."""
    threads, model = st.num_threads(), st.zoo.MODELS[name](seed=0)
    random = np.random.default_rng(0)
    x = st.tensor(random.normal(size=(batch, *model.input_shape)).astype("float32"))
    y = st.tensor(random.integers(0, model.output_shape[-1], batch))
    optimizer = st.SGD(1e-6, momentum=0.9)
    work = {
        "step": lambda: model.train_on_batch(x, y, loss="cross_entropy", optimizer=optimizer),
        "prediction": lambda: model.predict(x),
    }

    def on(count: int, call: Callable) -> Callable:
        def run():
            st.set_num_threads(count)
            call()

        return run

    return {what: {"one": on(1, call), "all": on(threads, call)} for what, call in work.items()}


def images() -> list[str]:
    """Networks of the zoo that tell images of several classes apart."""
    built = {name: st.zoo.MODELS[name]() for name in st.zoo.MODELS}
    return [
        name
        for name, model in built.items()
        if len(model.input_shape or ()) == 3 and model.output_activation == "softmax"
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.2, help="length of a turn")
    asked = parser.parse_args()
    print(f"{'net':14} {'batch':>5} {'':10} {'one':>9} {'all':>9} {'ratio':>6}   {st.num_threads()} threads")
    for name in asked.names or images():
        for what, pair in contestants(name, asked.batch).items():
            times = interleave(pair, rounds=asked.rounds, seconds=asked.seconds)
            one, every = times["one"]["ms"], times["all"]["ms"]
            figures = f"{one:9.3f} {every:9.3f} {every / one:6.2f}"
            print(f"{name:14} {asked.batch:5} {what:10} {figures}", flush=True)


if __name__ == "__main__":
    main()
