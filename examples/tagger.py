"""A recurrent network that names the part of speech of every word, against what a table of words can do.

    python examples/tagger.py [FOLDER]

FOLDER, or else ner/ud-english-ewt in the folder that the environment variable STRATE_DATA names, holds the
English Web Treebank of Universal Dependencies: en_ewt-ud-train.conllu and en_ewt-ud-test.conllu, compressed
or not. Half a minute on two cores.
"""

import os
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

import strate as st

LENGTH = 50  # words; the few sentences that are longer end there
PADDING, UNKNOWN = 0, 1
default = Path(os.environ.get("STRATE_DATA", ".")) / "ner" / "ud-english-ewt"
folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default


def read(part):
    path = folder / f"en_ewt-ud-{part}.conllu"
    return st.data.conll(path if path.exists() else path.with_name(path.name + ".gz"))


def as_numbers(sentences, number_of):
    rows = np.zeros((len(sentences), LENGTH), int)
    for row, sentence in zip(rows, sentences, strict=True):
        numbers = [number_of(word) for word in sentence[:LENGTH]]
        row[: len(numbers)] = numbers
    return rows


(sentences, tags), (test_sentences, test_tags) = read("train"), read("test")
counts = Counter(word for sentence in sentences for word in sentence)
words = {word: number for number, (word, count) in enumerate(counts.most_common(), 2) if count > 1}
names = sorted({tag for sentence in tags for tag in sentence})
x, x_test = (as_numbers(part, lambda word: words.get(word, UNKNOWN)) for part in (sentences, test_sentences))
y, y_test = (as_numbers(part, names.index) for part in (tags, test_tags))

# Without a network: the commonest tag, and each word's own commonest tag.
commonest = np.bincount(y[x != PADDING]).argmax()
tags_of = defaultdict(Counter)
for word, tag in zip(x[x != PADDING], y[x != PADDING], strict=True):
    tags_of[word][tag] += 1
vocabulary = len(words) + 2
best = np.array([tags_of[n].most_common(1)[0][0] if n in tags_of else commonest for n in range(vocabulary)])
counted = x_test != PADDING
print(f"always {names[commonest]}: {np.mean(y_test[counted] == commonest):.1%} of {counted.sum()} test words")
print(f"each word's commonest tag: {np.mean(y_test[counted] == best[x_test[counted]]):.1%}")

model = st.zoo.rnn_tagger(vocabulary, len(names), units=64, embedding=64, cell="gru", seed=0)
model.fit(
    x,
    y,
    loss="cross_entropy",
    optimizer=st.SGD(st.schedules.Cosine(2.0, epochs=4), momentum=0.9),
    epochs=4,
    batch_size=32,
    seed=0,
    verbose=0,
)
print(f"the network: {model.evaluate(x_test, y_test).accuracy:.1%}")
