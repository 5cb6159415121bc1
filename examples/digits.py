"""Trains LeNet-5 on the embedded digits and draws what came of it.

    python examples/digits.py [FOLDER]

writes training.png, digits.png and filters.png into FOLDER (default: here). Needs strate[plot].
"""

import sys
from pathlib import Path

import numpy as np

import strate as st

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
(x, y), (x_test, y_test) = st.data.digits()
x, x_test = st.data.resize(x, 28), st.data.resize(x_test, 28)

model = st.zoo.lenet5(seed=0)
recipe = st.zoo.RECIPES["lenet5", "digits"]
history = model.fit(
    x,
    y,
    loss="cross_entropy",
    optimizer=recipe.optimizer(),
    epochs=recipe.epochs,
    batch_size=recipe.batch_size,
    validation_data=(x_test, y_test),
    seed=0,
)
predictions = np.argmax(model.predict(x_test), axis=1)
print(f"{np.mean(predictions == y_test):.2%} of {len(y_test)} test digits are recognised")

wrong = np.flatnonzero(predictions != y_test)
right = np.flatnonzero(predictions == y_test)
others = right[np.linspace(0, len(right) - 1, 40 - len(wrong)).astype(int)]
shown = np.sort(np.concatenate([wrong, others]))  # every error, among digits that are right
st.plot.history(history).savefig(folder / "training.png")
st.plot.images(x_test[shown], y_test[shown], predictions[shown]).savefig(folder / "digits.png")
st.plot.filters(model.layers[0]).savefig(folder / "filters.png")
