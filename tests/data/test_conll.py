"""Tagged sentences in columns: the facts of the real files, and what is refused, with its line."""

from __future__ import annotations

import gzip
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from strate.data import conll

WNUT = {
    "wnut17train.conll": (3394, 62730, 41, {"O": 59570, "B-person": 660, "I-person": 335, "I-product": 203}),
    "emerging.dev.conll": (1009, 15733, 82, {"O": 14483, "B-group": 39, "I-group": 25, "B-product": 114}),
    "emerging.test.annotated": (1287, 23394, 105, {"O": 21654, "B-location": 150, "I-corporation": 22}),
}
UD = {
    "train": (12544, 204577, 19674, 17, 49, 51),
    "dev": (2001, 25147, 5494, 17, 49, 49),
    "test": (2077, 25094, 5629, 17, 48, 49),
}
UPOS_IN_TRAIN = {"NOUN": 34751, "PUNCT": 23596, "VERB": 22576, "SYM": 722, "INTJ": 695, "X": 400}


def flat(lists: list[list[str]]) -> list[str]:
    return [item for inner in lists for item in inner]


@pytest.mark.parametrize("name", WNUT)
def test_facts_of_wnut17(test_data, name):
    count, tokens, longest, in_tag = WNUT[name]
    sentences, tags = conll(test_data / "ner" / "wnut17" / name)
    assert [len(s) for s in sentences] == [len(t) for t in tags]
    assert (len(sentences), len(flat(sentences)), max(map(len, sentences))) == (count, tokens, longest)
    counts = Counter(flat(tags))
    assert len(counts) == 13 and {tag: counts[tag] for tag in in_tag} == in_tag


def test_first_sentences_of_wnut17(test_data):
    sentences, tags = conll(test_data / "ner" / "wnut17" / "wnut17train.conll")
    assert sentences[0][:4] == ["@paulwalk", "It", "'s", "the"]
    assert [(w, t) for w, t in zip(sentences[0], tags[0], strict=True) if t != "O"] == [
        ("Empire", "B-location"),
        ("State", "I-location"),
        ("Building", "I-location"),
        ("ESB", "B-location"),
    ]
    assert sentences[2][-1] == "#photography"  # a token, not a comment


@pytest.mark.parametrize("part", UD)
def test_facts_of_the_english_web_treebank(test_data, part):
    path = test_data / "ner" / "ud-english-ewt" / f"en_ewt-ud-{part}.conllu.gz"
    count, words, forms, upos, xpos, deprel = UD[part]
    sentences, tags = conll(path)
    assert (len(sentences), len(flat(sentences)), len(set(flat(sentences)))) == (count, words, forms)
    assert len(set(flat(tags))) == upos
    if part == "train":
        counts = Counter(flat(tags))
        assert {tag: counts[tag] for tag in UPOS_IN_TRAIN} == UPOS_IN_TRAIN
        return
    assert len(set(flat(conll(path, tag=4)[1]))) == xpos
    assert len(set(flat(conll(path, tag=7)[1]))) == deprel


def write(folder: Path, content: str | bytes, name: str = "file.conll") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        "a\tX\nb\tY\n\nc\tZ\n\n",
        "a\tX\nb\tY\n\nc\tZ",
        "\n\n\na\tX\nb\tY\n\n\n \t \nc\tZ\n",
        "a\tX\r\nb\tY\r\n\r\nc\tZ\r\n",
        "\ufeffa\tX\nb\tY\n\t\nc\tZ\n\t\n",
        gzip.compress(b"a\tX\nb\tY\n\nc\tZ\n", mtime=0),  # names of tests do not tell the time
    ],
)
def test_blank_lines_line_ends_and_compression(tmp_path, content):
    assert conll(write(tmp_path, content)) == ([["a", "b"], ["c"]], [["X", "Y"], ["Z"]])


def test_an_empty_file_has_no_sentences(tmp_path):
    assert conll(write(tmp_path, "")) == ([], [])
    assert conll(write(tmp_path, "\n \n")) == ([], [])


def test_columns_and_separators(tmp_path):
    path = write(tmp_path, "EU NNP I-NP S-ORG\nrejects VBZ I-VP O\n")
    assert conll(path, separator=" ") == ([["EU", "rejects"]], [["S-ORG", "O"]])
    assert conll(path, separator=" ", token=-4, tag=1)[1] == [["NNP", "VBZ"]]
    with pytest.raises(ValueError, match=r"line 1: no column tag=4; the line has 4 columns"):
        conll(path, separator=" ", tag=4)
    with pytest.raises(ValueError, match=r"line 1: no column token=-5"):
        conll(path, separator=" ", token=-5)


def test_other_spaces_than_the_separator_belong_to_the_token(tmp_path):
    path = write(tmp_path, "1 000\tNUM\n\u2028\u00e9\x85\tX\n")
    assert conll(path)[0] == [["1 000", "\u2028\u00e9\x85"]]


def universal(*rows: tuple[str, str, str]) -> str:
    return "".join(f"{number}\t{form}\t_\t{tag}\t_\t_\t_\t_\t_\t_\n" for number, form, tag in rows)


def test_conllu_keeps_the_plain_words(tmp_path):
    rows = universal(
        ("1", "#1", "NOUN"),
        ("2-3", "don't", "_"),
        ("2", "do", "AUX"),
        ("3", "n't", "PART"),
        ("3.1", "go", "VERB"),
    )
    content = "# sent_id = 1\n" + rows + "\n# text = x\n" + universal(("1", "x", "X"))
    expected = ([["#1", "do", "n't"], ["x"]], [["NOUN", "AUX", "PART"], ["X"]])
    assert conll(write(tmp_path, content, "a.conllu")) == expected
    assert conll(write(tmp_path, gzip.compress(content.encode()), "a.conllu.gz")) == expected
    assert conll(write(tmp_path, content, "a.txt"), layout="conllu") == expected
    with pytest.raises(ValueError, match="line 1: a token and a tag are two columns; got '# sent_id = 1'"):
        conll(write(tmp_path, content, "a.conllu"), layout="columns")
    with pytest.raises(ValueError, match="CoNLL-U has 10 columns; got token=10, tag=3"):
        conll(write(tmp_path, content, "a.conllu"), token=10)


@pytest.mark.parametrize(
    "rows, message",
    [
        ([("2", "a", "X")], "line 1: word 1 expected; got ID '2'"),
        ([("1", "a", "X"), ("1", "b", "X")], "line 2: word 2 expected; got ID '1'"),
        ([("one", "a", "X")], "line 1: word 1 expected; got ID 'one'"),
        ([("1", "", "X")], "line 1: the token is empty"),
    ],
)
def test_conllu_numbers_its_words(tmp_path, rows, message):
    with pytest.raises(ValueError, match=message):
        conll(write(tmp_path, universal(*rows), "a.conllu"))


@pytest.mark.parametrize(
    "content, message",
    [
        ("a\tX\n\nb\n", "line 3: 2 columns expected; got 1: 'b'"),
        ("a\tX\nb\tY\tZ\n", r"line 2: 2 columns expected; got 3: 'b\\tY\\tZ'"),
        ("a X\n", "line 1: a token and a tag are two columns; got 'a X'"),
        ("a\tX\n\tY\n", "line 2: the token is empty"),
        ("a\tX\nb\t\n", "line 2: the tag is empty"),
        (b"a\tX\nb\xff\tY\n", r"line 2: not UTF-8 \(invalid start byte at byte 1\)"),
        (b"a\tX\nb\0\tY\n", "line 2: a zero byte"),
        (b"x" * (1 << 16) + b"\n", "line 1: longer than 65536 bytes"),
        (gzip.compress(b"a\tX\n" * 1000, mtime=0)[:-9], "damaged gzip data"),
        (gzip.compress(b"a\tX\n", mtime=0)[:-8] + b"12345678", "damaged gzip data"),
    ],
)
def test_wrong_files(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(ValueError, match=message) as error:
        conll(path)
    assert str(path) in str(error.value)


def test_a_gzip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["strate.data.conll"], "MAX_BYTES", 1 << 20)
    path = write(tmp_path, gzip.compress(b"\n" * (1 << 24)))
    with pytest.raises(ValueError, match=r"line 1048577: the file is larger than 1048576 bytes"):
        conll(path)


@pytest.mark.parametrize(
    "settings, message", [({"layout": "xml"}, "layout is"), ({"separator": ""}, "separator stands between")]
)
def test_wrong_arguments(tmp_path, settings, message):
    with pytest.raises(ValueError, match=message):
        conll(write(tmp_path, "a\tX\n"), **settings)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        conll(tmp_path / "nothing.conll")


cell = some.text(
    some.characters(blacklist_characters="\t\n\r\0\ufeff", blacklist_categories=["Cs"]), min_size=1
)
words = some.tuples(cell, cell).filter(lambda word: word[0].strip() and word[1].strip())


@settings(max_examples=200)
@given(sentences=some.lists(some.lists(words, min_size=1), max_size=5), packed=some.booleans())
def test_what_is_written_is_read(tmp_path_factory, sentences, packed):
    content = "\n".join("".join(f"{token}\t{tag}\n" for token, tag in s) for s in sentences).encode()
    path = write(tmp_path_factory.getbasetemp(), gzip.compress(content) if packed else content)
    assert conll(path) == ([[w for w, _ in s] for s in sentences], [[t for _, t in s] for s in sentences])


@settings(max_examples=400)
@given(
    content=some.binary(max_size=60), packed=some.booleans(), layout=some.sampled_from(["columns", "conllu"])
)
def test_anything_else_is_a_value_error_with_its_file(tmp_path_factory, content, packed, layout):
    path = write(tmp_path_factory.getbasetemp(), gzip.compress(content) if packed else content)
    try:
        sentences, tags = conll(path, layout=layout)
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert [len(s) for s in sentences] == [len(t) for t in tags] and all(sentences)


@settings(max_examples=200)
@given(place=some.integers(0, 10**6), change=some.integers(1, 255), end=some.integers(0, 200) | some.none())
def test_damage_is_a_value_error_or_leaves_whole_sentences(tmp_path_factory, place, change, end):
    content = bytearray(gzip.compress("é\tX\n\nb\tY\nc\tZ\n".encode() * 5))
    content[place % len(content)] ^= change
    path = write(tmp_path_factory.getbasetemp(), bytes(content[:end]))
    try:
        sentences, tags = conll(path)
    except ValueError as error:
        assert str(path) in str(error)
    else:
        assert [len(s) for s in sentences] == [len(t) for t in tags]
