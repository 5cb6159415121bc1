"""A recurrent network that finds names in posts: people, places, groups, products, companies and works.

    python examples/named_entities.py [FOLDER] [EPOCHS]

FOLDER, or else ner/wnut17 in the folder that the environment variable STRATE_DATA names, holds the shared
task WNUT 2017: wnut17train.conll, emerging.dev.conll, emerging.test.annotated. The names of the test file are
mostly new, so the network is shown more of a word than its number: its shape and its
characters. The settings were chosen by training on the first file and judging on the second, which is done
again here; then it trains on both, and is judged on the third. Two minutes on two cores.
"""

import os
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np

import strate as st

LENGTH = 42  # words; a longer sentence is cut
CHARACTERS = 14  # of a longer word, the first seven and the last seven
ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-_@#&:/()"
PADDING, UNKNOWN = 0, 1
HIDDEN, COPIES = 0.1, 4  # of a sentence, in which words are hidden at random
OUTSIDE_WEIGHT = 0.3  # most words are no names: answering O is made less tempting
# The first that matches the whole word is its shape; the numbers begin at 1, since 0 is padding.
SHAPES = [
    r"@.+", r"#.+", r"(https?:|www\.).*", r"[\W_]+", r"\d+", r".*\d.*",
    r"[^A-Z]+", r"[A-Z]", r"[^a-z]+", r"[A-Z][^A-Z]*", r".*",
]  # fmt: skip
SENTENCE = ["Harry", "is", "a", "good", "boy"]  # of the lecture, whose answer is Yes No No No No
default = Path(os.environ.get("STRATE_DATA", ".")) / "ner" / "wnut17"
folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 3


def shape_of(word):
    return next(number for number, shape in enumerate(SHAPES, 1) if re.fullmatch(shape, word))


def reduced(word):
    """The word as it is looked up: whether it is a capital or which digit, its shape and characters say."""
    return re.sub(r"\d", "0", word.lower())


def pieces(rows):
    return [row[begin : begin + LENGTH] for row in rows for begin in range(0, len(row), LENGTH)]


def as_numbers(sentences, words):
    """(N, LENGTH, 2 + CHARACTERS): number, shape and characters of every word."""
    parts = pieces(sentences)
    x = np.zeros((len(parts), LENGTH, 2 + CHARACTERS), int)
    for row, part in zip(x, parts, strict=True):
        for place, word in zip(row, part, strict=False):
            ends = word if len(word) <= CHARACTERS else word[: CHARACTERS // 2] + word[-CHARACTERS // 2 :]
            place[:2] = words.get(reduced(word), UNKNOWN), shape_of(word)
            place[2 : 2 + len(ends)] = [ALPHABET.find(letter) + 2 for letter in ends]
    return x


def learn(sentences, tags):
    """Train a network; returns f(sentences) -> tags."""
    counts = Counter(reduced(word) for sentence in sentences for word in sentence)
    words = {word: number for number, (word, count) in enumerate(counts.most_common(), 2) if count > 1}
    x = np.tile(as_numbers(sentences, words), (COPIES, 1, 1))
    y = np.zeros(x.shape[:2], int)
    y[x[..., 0] != PADDING] = [names.index(tag) for row in tags for tag in row] * COPIES
    hidden = np.random.default_rng(0).random(y.shape) < HIDDEN
    x[..., 0][hidden & (x[..., 0] != PADDING)] = UNKNOWN
    model = st.zoo.rnn_tagger(
        len(words) + 2,
        len(names),
        units=48,
        embedding=32,
        cell="lstm",
        bidirectional=True,
        shapes=len(SHAPES) + 1,
        characters=CHARACTERS,
        alphabet=len(ALPHABET) + 2,
        dropout=0.3,
        seed=0,
    )
    model.fit(
        x,
        y,
        loss=st.CrossEntropy(class_weight=[OUTSIDE_WEIGHT if name == "O" else 1 for name in names]),
        optimizer=st.Adam(st.schedules.Cosine(3e-3, epochs=epochs), clip_norm=5),
        epochs=epochs,
        batch_size=16,
        seed=0,
        verbose=0,
    )

    def tag(sentences):
        x = as_numbers(sentences, words)
        answers = iter(model.predict(x).argmax(-1)[x[..., 0] != PADDING])
        return [[names[next(answers)] for _ in sentence] for sentence in sentences]

    return tag


def report(what, tags, answers):
    scores = st.metrics.entity_f1(tags, answers)
    flat = [np.concatenate(part) for part in (tags, answers)]
    print(
        f"{what}: F1 {scores.f1:.3f} (precision {scores.precision:.3f}, recall {scores.recall:.3f}), "
        f"{np.mean(flat[0] == flat[1]):.1%} of {len(flat[0])} words"
    )


train, dev, test = (
    st.data.conll(folder / name)
    for name in ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")
)
names = sorted({tag for row in train[1] for tag in row})
report("dev, after the training file", dev[1], learn(*train)(dev[0]))

sentences, tags = train[0] + dev[0], train[1] + dev[1]
assert [*map(str.lower, SENTENCE)] not in [[*map(str.lower, sentence)] for sentence in sentences]
tag = learn(sentences, tags)
report("test, always O", test[1], [["O"] * len(row) for row in test[1]])
report("test, after both files", test[1], tag(test[0]))
(answer,) = tag([SENTENCE])
named = ["No" if name == "O" else "Yes" for name in answer]
print(" ".join(SENTENCE), "is in no training data; a name?", *named)
