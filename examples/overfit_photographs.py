"""The lecture's large networks each learn one batch of sixteen real photographs by heart.

    python examples/overfit_photographs.py ARCHIVE [NETWORK ...] [--seeds N]

ARCHIVE is TrashNet scaled to 150x150, trashnet-150.tar.gz: photographs in six folders, one for each class.
They are resized to 224x224, and each colour brought to mean 0 and deviation 1. Dropout is off, so that ten
steps tell whether forward, backward and update work together: the loss then is under 0.9 of the first.
Prints the losses, seconds a step and peak memory.
Needs Pillow, `pip install "strate[image]"`.
"""

import argparse
import io
import resource
import tarfile
import time
from inspect import signature

import numpy as np
from PIL import Image

import strate as st

CLASSES = ("cardboard", "glass", "metal", "paper", "plastic", "trash")
BATCH, STEPS, SIDE = 16, 10, 224
NETWORKS = {  # and the step that suits each
    "alexnet": 0.001,
    "vgg16": 0.001,
    "googlenet": 0.01,
    "resnet152": 0.003,
    "se_resnet50": 0.01,
}


def photographs(archive: str) -> tuple[np.ndarray, np.ndarray]:
    """The first photographs of each class in turn: (16, 224, 224, 3) in [0, 1], and their classes."""
    x = np.empty((BATCH, SIDE, SIDE, 3), np.float32)
    y = np.arange(BATCH) % len(CLASSES)
    with tarfile.open(archive) as files:
        for place, label in enumerate(y):
            kind = CLASSES[label]
            file = files.extractfile(f"trashnet/{kind}/{kind}{1 + place // len(CLASSES)}.jpg")
            with Image.open(io.BytesIO(file.read())) as picture:
                x[place] = np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    return (x - x.mean((0, 1, 2))) / x.std((0, 1, 2)), y


def overfit(name: str, x: np.ndarray, y: np.ndarray, seed: int) -> float:
    """Ten steps on the one batch; the ratio of the last loss to the first."""
    make = getattr(st.zoo, name)
    options = {"dropout": False} if "dropout" in signature(make).parameters else {}
    model = make(classes=len(CLASSES), input_shape=x.shape[1:], seed=seed, **options)
    optimizer = st.SGD(NETWORKS[name], momentum=0.9)
    losses, start = [], time.perf_counter()
    for _ in range(STEPS + 1):
        losses.append(model.train_on_batch(x, y, loss="cross_entropy", optimizer=optimizer))
    seconds = (time.perf_counter() - start) / (STEPS + 1)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    ratio = losses[-1] / losses[0]
    print(
        f"{name:12} seed {seed}: loss {losses[0]:.4f} -> {losses[-1]:.4f} after {STEPS} steps "
        f"({ratio:.3f} of the first), {seconds:.2f} s a step, peak {memory:.1f} GiB",
        flush=True,
    )
    return ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive")
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    x, y = photographs(arguments.archive)
    ratios = [overfit(name, x, y, seed) for name in arguments.networks for seed in range(arguments.seeds)]
    worst = max(ratios)
    print(f"worst ratio {worst:.3f}: {'learnt' if worst < 0.9 else 'NOT learnt'}")


if __name__ == "__main__":
    main()
