from __future__ import annotations

from strate.layers import GRU, LSTM, RNN, Dense, Embedding
from strate.sequential import Sequential

CELLS = {"rnn": RNN, "lstm": LSTM, "gru": GRU}


def rnn_tagger(
    vocabulary: int,
    tags: int,
    units: int = 64,
    embedding: int = 32,
    cell: str = "rnn",
    length: int | None = None,
    seed: int | None = None,
) -> Sequential:
    """A tag for every word of a sentence: the recurrent network of the lecture (section 8).

    Word 0 is padding, which the state passes over and the loss leaves out.

    Args:
        vocabulary: number of words, padding included.
        tags: number of tags.
        units: length of the state.
        embedding: length of a word's vector.
        cell: "rnn" (default), "lstm" or "gru".
        length: words of a sentence, with its padding. Default: that of the first data.
        seed: of the initial weights. Default: drawn by the system.
    Shapes:
        x (N, length) whole numbers -> y (N, length, tags), probabilities
    Raises:
        ValueError: a size below 1, an unknown cell.

    >>> st.zoo.rnn_tagger(vocabulary=100, tags=2, length=5).summary().parameters
    9538
    """
    return Sequential(
        [
            Embedding(vocabulary, embedding, mask_zero=True, init="glorot_uniform"),
            cell_named(cell)(units, return_sequences=True),
            Dense(tags, activation="softmax"),
        ],
        input_shape=length,
        seed=seed,
        name="rnn_tagger",
    )


def cell_named(cell: str):
    """The layer's class."""
    if cell not in CELLS:
        raise ValueError(f"cell is one of {', '.join(CELLS)}; got cell={cell!r}")
    return CELLS[cell]
