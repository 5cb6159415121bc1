"""The recurrent models: the lecture's sentence, and a text learnt by heart."""

import numpy as np
import pytest

import strate as st
from strate import zoo


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_harry_is_a_good_boy(cell):
    """Is the word a name? Yes No No No No (lecture, section 8), beside sentences in another order."""
    sentences = ["Harry is a good boy", "a good boy is Harry", "is Harry good", "good Harry"]
    words = {word: number for number, word in enumerate(sorted({w for s in sentences for w in s.split()}), 1)}
    x = np.zeros((len(sentences), 5), int)
    for row, sentence in zip(x, sentences, strict=True):
        numbers = [words[word] for word in sentence.split()]
        row[: len(numbers)] = numbers
    y = (x == words["Harry"]).astype(int)
    model = zoo.rnn_tagger(vocabulary=len(words) + 1, tags=2, units=8, embedding=4, cell=cell, seed=0)
    optimizer = st.SGD(0.5, momentum=0.9)
    model.fit(x, y, loss="cross_entropy", optimizer=optimizer, epochs=60, batch_size=4, seed=0, verbose=0)
    names = np.array(["No", "Yes"])[model.predict(x).argmax(-1)]
    assert names[0].tolist() == ["Yes", "No", "No", "No", "No"]
    assert model.evaluate(x, y).accuracy == 1 and model.evaluate(x, y).loss < 0.1


def test_summary_of_a_tagger():
    tagger = zoo.rnn_tagger(vocabulary=1000, tags=9, units=64, embedding=32, length=20)
    summary = tagger.summary(batch_size=1)
    assert [(row.layer, row.output_shape, row.parameters) for row in summary.rows] == [
        ("Embedding", (20, 32), 1000 * 32),
        ("RNN", (20, 64), 64 * (32 + 64 + 1)),
        ("Dense", (20, 9), 64 * 9 + 9),
    ]
    assert [row.multiply_adds for row in summary.rows] == [0, 20 * 64 * (32 + 64), 20 * 64 * 9]
    assert str(summary).startswith("rnn_tagger, float32\n")
    with pytest.raises(ValueError, match="rnn_tagger has no input_shape yet"):
        zoo.rnn_tagger(vocabulary=1000, tags=9).summary()


def test_a_text_learnt_by_heart():
    text = "the quick brown fox jumps over the lazy dog, and "
    letters = sorted(set(text))
    numbers = np.array([letters.index(letter) for letter in text * 2])
    time = len(text)
    model = zoo.char_rnn(len(letters), units=32, stateful=1, length=time, seed=0)
    x, y = numbers[None, :time], numbers[None, 1 : time + 1]
    optimizer = st.SGD(1.0, momentum=0.9)
    history = model.fit(x, y, loss="cross_entropy", optimizer=optimizer, epochs=150, verbose=0)
    assert history.loss[0] == pytest.approx(np.log(len(letters)), rel=0.05)
    model.reset_state()
    model.predict(x)
    assert np.mean(model.predict(x).argmax(-1) == y) > 0.97


@pytest.mark.parametrize(("shapes", "characters"), [(3, 0), (0, 4), (3, 4)])
def test_words_that_were_never_seen_are_known_by_shape_or_characters(shapes, characters):
    """Words have one number, 1; a name has shape 2 and begins with a capital, character 2 or 3."""
    random = np.random.default_rng(0)

    def sentences(count):
        y = random.integers(0, 2, (count, 6))
        letters = random.integers(4, 9, (count, 6, 4))
        letters[..., 0] = np.where(y, random.integers(2, 4, y.shape), letters[..., 0])
        columns = [np.ones((count, 6, 1), int)]
        columns += [1 + y[..., None]] if shapes else []
        columns += [letters] if characters else []
        x = np.concatenate(columns, -1)
        x[:, 4:] = 0
        return x, y

    model = zoo.rnn_tagger(
        2, 2, units=6, embedding=3, cell="gru", seed=0, shapes=shapes, characters=characters, alphabet=9,
        filters=8, bidirectional=True, dropout=0.1,
    )  # fmt: skip
    model.fit(*sentences(128), loss="cross_entropy", optimizer=st.Adam(0.01), epochs=12, seed=0, verbose=0)
    x, y = sentences(32)
    scores = model.evaluate(x, y)
    assert scores.accuracy > 0.95
    x[:, 4:, 1:] = 2  # of padding nobody looks at the shape and the characters
    assert model.evaluate(x, y) == scores


def test_gradients_of_a_tagger_with_all_features(tmp_path):
    features = {"shapes": 3, "characters": 4, "alphabet": 6, "filters": 5, "bidirectional": True}
    layers = zoo.rnn_tagger(5, 3, 4, 3, "lstm", **features).layers
    model = st.Sequential(layers, input_shape=(3, 6), seed=0, dtype="float64")
    random = np.random.default_rng(0)
    x = np.stack([random.integers(1, 3, (4, 3)) for _ in range(6)], -1)
    x[0, 2, 0] = 0
    check = model.check_gradients(x, random.integers(0, 3, (4, 3)), "cross_entropy", samples=3)
    assert check.ok, check
    model.save(tmp_path / "tagger.safetensors")
    assert np.array_equal(st.load(tmp_path / "tagger.safetensors").predict(x), model.predict(x))


def test_sizes_and_mistakes():
    tagger = zoo.rnn_tagger(100, 2, 8, 4, "gru", 5, shapes=7, characters=10, alphabet=30, bidirectional=True)
    features = 4 + 8 + 32
    assert tagger.summary().parameters == (
        100 * 4 + 7 * 8 + 30 * 16 + (32 * 3 * 16 + 32) + 2 * 3 * 8 * (features + 8 + 2) + 2 * (2 * 8) + 2
    )
    with pytest.raises(ValueError, match="at least 0; got shapes=-1, characters=0"):
        zoo.rnn_tagger(3, 2, shapes=-1)
    assert zoo.char_rnn(10, units=4, layers=2, cell="gru", length=3).summary().parameters == (
        10 * 4 + 2 * 3 * 4 * (4 + 4 + 2) + 4 * 10 + 10
    )
    with pytest.raises(ValueError, match="cell is one of rnn, lstm, gru; got cell='elman'"):
        zoo.rnn_tagger(vocabulary=3, tags=2, cell="elman")
    with pytest.raises(ValueError, match="got layers=0"):
        zoo.char_rnn(3, layers=0)
