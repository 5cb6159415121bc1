"""Two networks on CIFAR-10, images flipped and moved at random as they are drawn.

    python examples/cifar10.py DIR [resnet20|vgg] [EPOCHS] [SEED]

DIR holds the batches of CIFAR-10's binary version; those that are there are used. `resnet20` is what
`strate train resnet20 --data cifar10` trains, `vgg` is VGG-11 with half its maps, and batch
normalisation instead of dropout.
"""

import sys
import time

import strate as st

NETWORKS = {
    "resnet20": (lambda seed: st.zoo.resnet20(10, (32, 32, 3), seed=seed), 0.1, 40),
    "vgg": (
        lambda seed: st.zoo.vgg11(10, (32, 32, 3), width=0.5, batch_norm=True, dropout=False, seed=seed),
        0.05,
        20,
    ),
}

given = dict(zip(("folder", "name", "epochs", "seed"), sys.argv[1:], strict=False))
make, learning_rate, usual = NETWORKS[given.get("name", "resnet20")]
epochs, seed = int(given.get("epochs", usual)), int(given.get("seed", 0))
(x, y), (x_test, y_test) = st.data.cifar10(given["folder"], dtype="uint8")
model = make(seed)
start = time.perf_counter()
model.fit(
    x,
    y,
    loss="cross_entropy",
    optimizer=st.SGD(st.schedules.Cosine(learning_rate, epochs), momentum=0.9, weight_decay=5e-4),
    epochs=epochs,
    batch_size=128,
    augment=st.data.Augment(flip=True, shift=4),
    seed=seed,
)
accuracy = model.evaluate(x_test, y_test).accuracy
seconds = time.perf_counter() - start
print(f"{model.name}: {accuracy:.2%} of {len(y_test)} test images after {epochs} epochs in {seconds:.0f} s")
