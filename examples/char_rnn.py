"""A recurrent network that learns to write, letter by letter, from a text.

    python examples/char_rnn.py [TEXT] [EPOCHS] [SEED]

TEXT is a file in UTF-8, from a hundred thousand characters on; by default Flaubert's Madame Bovary,
text/madame-bovary.txt in the folder that the environment variable STRATE_DATA names. SEED chooses among the
samples that are written in the end. A minute on two cores.

The first 95 % of the text are learnt. They are cut into as many strands as a batch has rows; each batch is
the next window of every strand, and the state goes on from one to the next while the gradient ends at the
window's edge (backpropagation through time, truncated).
"""

import os
import sys
from math import log
from pathlib import Path

import numpy as np

import strate as st

STRANDS, WINDOW, UNITS, WRITTEN = 32, 50, 128, 300
default = Path(os.environ.get("STRATE_DATA", ".")) / "text" / "madame-bovary.txt"
text = Path(sys.argv[1] if len(sys.argv) > 1 else default).read_text(encoding="utf-8")
epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
letters = sorted(set(text))
numbers = np.array([letters.index(letter) for letter in text])


def windows(numbers):
    """(x, y), batch after batch: row r of every batch goes on with strand r; y is one letter ahead of x."""
    count = (len(numbers) - 1) // (STRANDS * WINDOW)
    strands = numbers[: count * STRANDS * WINDOW].reshape(STRANDS, count, WINDOW)
    ahead = numbers[1 : count * STRANDS * WINDOW + 1].reshape(STRANDS, count, WINDOW)
    return tuple(np.ascontiguousarray(part.swapaxes(0, 1)).reshape(-1, WINDOW) for part in (strands, ahead))


def bits(model):
    """Bits per letter of the held-out end of the text."""
    model.reset_state()
    return model.evaluate(*held_out, batch_size=STRANDS, loss="cross_entropy").loss / log(2)


def bits_by_frequency(learnt, judged):
    """Bits per letter for one who knows how often each letter comes, and nothing else."""
    counts = np.bincount(learnt, minlength=len(letters)) + 1
    return -np.mean(np.log2(counts[judged] / counts.sum()))


def write(model, start, count, seed):
    """Letters drawn from what the model expects, one by one."""
    writer = st.zoo.char_rnn(characters=len(letters), units=UNITS, stateful=1, length=1)
    writer.theta.copy_from(model.theta)
    generator, written = np.random.default_rng(seed), [letters.index(letter) for letter in start]
    for number in written[:-1]:
        writer.predict([[number]])
    for _ in range(count):
        expected = writer.predict([[written[-1]]])[0, 0].astype(float)
        written.append(generator.choice(len(letters), p=expected / expected.sum()))
    return "".join(letters[number] for number in written)


split = int(0.95 * len(numbers))
x, y = windows(numbers[:split])
held_out = windows(numbers[split:])
model = st.zoo.char_rnn(characters=len(letters), units=UNITS, stateful=STRANDS, length=WINDOW, seed=0)
print(f"frequencies of letters: {bits_by_frequency(numbers[:split], numbers[split:]):.2f} bits per character")
print(f"before: {bits(model):.2f} bits per character ({len(letters)} different ones)")
model.fit(
    x,
    y,
    loss="cross_entropy",
    optimizer=st.SGD(st.schedules.Cosine(1.0, epochs=epochs), momentum=0.9),
    epochs=epochs,
    batch_size=STRANDS,
    shuffle=False,
    callbacks=st.LambdaCallback(on_epoch_begin=lambda training: model.reset_state()),
    verbose=0,
)
print(f"after: {bits(model):.2f} bits per character")
print(write(model, "\n", WRITTEN, seed))
