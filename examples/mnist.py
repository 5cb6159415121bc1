"""LeNet-5 on MNIST: more than 99 % of the 10 000 test images, in a minute or so on two cores.

    python examples/mnist.py DIR [SEED]

DIR holds MNIST's four files; `strate train lenet5 --data mnist --data-dir DIR` does the same.
"""

import sys

import strate as st

seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
(x, y), (x_test, y_test) = st.data.mnist(sys.argv[1])
model = st.zoo.lenet5(seed=seed)
model.fit(
    x,
    y,
    loss="cross_entropy",
    optimizer=st.SGD(st.schedules.Cosine(0.03, epochs=10), momentum=0.9, weight_decay=5e-4),
    epochs=10,
    batch_size=32,
    seed=seed,
)
print(model.evaluate(x_test, y_test))
