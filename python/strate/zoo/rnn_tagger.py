from __future__ import annotations

from strate.layers import (
    GRU,
    LSTM,
    RNN,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Layer,
    MaxPool2D,
    Parallel,
    Reshape,
    Reverse,
    Slice,
)
from strate.sequential import Sequential

CELLS = {"rnn": RNN, "lstm": LSTM, "gru": GRU}
SHAPE_UNITS, CHARACTER_UNITS, WINDOW = 8, 16, 3


def rnn_tagger(
    vocabulary: int,
    tags: int,
    units: int = 64,
    embedding: int = 32,
    cell: str = "rnn",
    length: int | None = None,
    seed: int | None = None,
    *,
    shapes: int = 0,
    characters: int = 0,
    alphabet: int = 256,
    filters: int = 32,
    bidirectional: bool = False,
    dropout: float = 0,
) -> Sequential:
    """A tag for every word of a sentence: the recurrent network of the lecture (section 8).

    Word 0 is padding, which the state passes over and the loss leaves out. A word may come with its
    shape (such as "capital, then small letters") and with its characters, which a convolution and a
    maximum over the word make into features: words that are in no training data have both.

    Args:
        vocabulary: number of words, padding included.
        tags: number of tags.
        units: length of the state, in each direction.
        embedding: length of a word's vector.
        cell: "rnn" (default), "lstm" or "gru".
        length: words of a sentence, with its padding. Default: that of the first data.
        seed: of the initial weights. Default: drawn by the system.
        shapes: number of different shapes, padding included. Default: 0, words come without.
        characters: characters of a word, filled up with 0. Default: 0, words come without.
        alphabet: number of different characters, padding included.
        filters: features that are made of the characters.
        bidirectional: whether a second state reads the sentence from its end. Default: False.
        dropout: probability of dropping a feature of a word, or of the state. Default: 0.
    Shapes:
        x (N, length) whole numbers -> y (N, length, tags), probabilities; with shapes or characters
        x (N, length, 1 + 1 + characters): the word's number, then that of its shape, then its characters
    Raises:
        ValueError: a size below 1 (shapes and characters: below 0), an unknown cell.
    Source:
        X. Ma, E. Hovy, "End-to-end sequence labeling via bi-directional LSTM-CNNs-CRF", ACL 2016, for the
        convolution over characters.

    >>> st.zoo.rnn_tagger(vocabulary=100, tags=2, length=5).summary().parameters
    9538
    >>> model = st.zoo.rnn_tagger(vocabulary=100, tags=2, length=5, shapes=7, characters=10)
    >>> model.input_shape
    (5, 12)
    """
    if min(shapes, characters) < 0:
        raise ValueError(
            f"rnn_tagger: counts are at least 0; got shapes={shapes}, characters={characters}"
        )
    columns = 1 + (shapes > 0) + characters
    words = Embedding(vocabulary, embedding, mask_zero=True, init="glorot_uniform")
    features: list[Layer] = [words if columns == 1 else of_column(0, words)]
    if shapes:
        features.append(of_column(1, Embedding(shapes, SHAPE_UNITS, init="glorot_uniform")))
    if characters:
        features.append(spelling(columns - characters, characters, alphabet, filters))
    shape = length if columns == 1 or length is None else (length, columns)
    return Sequential(
        [
            features[0] if columns == 1 else Parallel(*features),
            *dropped(dropout),
            context(cell, units, bidirectional),
            *dropped(dropout),
            Dense(tags, activation="softmax"),
        ],
        input_shape=shape,
        seed=seed,
        name="rnn_tagger",
    )


def of_column(column: int, embedding: Layer) -> Sequential:
    """Vectors for one of a word's numbers."""
    return Sequential([Slice(column, column + 1), Reshape((-1,)), embedding])


def spelling(begin: int, characters: int, alphabet: int, filters: int) -> Sequential:
    """Features of a word's characters: the largest answer of each filter within the word."""
    return Sequential(
        [
            Slice(begin),
            Embedding(alphabet, CHARACTER_UNITS, init="glorot_uniform"),
            Conv2D(filters, (1, WINDOW), padding="same", activation="relu"),
            MaxPool2D((1, characters)),
            Reshape((-1, filters)),
        ]
    )


def context(cell: str, units: int, bidirectional: bool) -> Layer:
    """What a sentence says around each word: before it, and behind it if asked."""
    kind = cell_named(cell)
    forwards = kind(units, return_sequences=True)
    if not bidirectional:
        return forwards
    backwards = [Reverse(), kind(units, return_sequences=True), Reverse()]
    return Parallel(forwards, Sequential(backwards))


def dropped(rate: float) -> list[Layer]:
    """A Dropout, if there is anything to drop."""
    return [Dropout(rate)] if rate else []


def cell_named(cell: str):
    """The layer's class."""
    if cell not in CELLS:
        raise ValueError(f"cell is one of {', '.join(CELLS)}; got cell={cell!r}")
    return CELLS[cell]
