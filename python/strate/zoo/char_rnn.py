from __future__ import annotations

from strate.layers import Dense, Embedding
from strate.sequential import Sequential
from strate.zoo.rnn_tagger import cell_named


def char_rnn(
    characters: int,
    units: int = 128,
    layers: int = 1,
    stateful: int | None = None,
    cell: str = "lstm",
    length: int | None = None,
    seed: int | None = None,
) -> Sequential:
    """The next character, from all before it: a language model of one letter at a time.

    Args:
        characters: number of different characters.
        units: length of each state, and of a character's vector.
        layers: recurrent layers, one on the other.
        stateful: number of texts in every batch that go on where the batch before ended. Default: None,
            every batch begins anew.
        cell: "rnn", "lstm" (default) or "gru".
        length: characters of a window. Default: that of the first data.
        seed: of the initial weights. Default: drawn by the system.
    Shapes:
        x (N, length) whole numbers -> y (N, length, characters), probabilities of what comes next
    Raises:
        ValueError: a size below 1, an unknown cell.
    Source:
        A. Karpathy, "The unreasonable effectiveness of recurrent neural networks", 2015.

    >>> st.zoo.char_rnn(characters=65, units=128, length=50).summary().parameters
    148289
    """
    if layers < 1:
        raise ValueError(f"char_rnn has at least one recurrent layer; got layers={layers}")
    kind = cell_named(cell)
    return Sequential(
        [
            Embedding(characters, units),
            *(kind(units, return_sequences=True, stateful=stateful) for _ in range(layers)),
            Dense(characters, activation="softmax"),
        ],
        input_shape=length,
        seed=seed,
        name="char_rnn",
    )
