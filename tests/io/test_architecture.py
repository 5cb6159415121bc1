"""Plain JSON within limits, when saved and when loaded."""

from __future__ import annotations

import enum
import json
import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from strate.io.architecture import Limits, check_json, parse_json

DEEP = 100_000

scalars = some.none() | some.booleans() | some.integers(-(2**63) + 1, 2**63 - 1)
scalars |= some.floats(allow_nan=False, allow_infinity=False)
scalars |= some.text(some.characters(exclude_categories=["Cs"]))
keys = some.text(some.characters(exclude_categories=["Cs"]))
plain = some.recursive(
    scalars, lambda inner: some.lists(inner) | some.dictionaries(keys, inner), max_leaves=30
)


@settings(max_examples=300)
@given(plain)
def test_plain_json_survives(value):
    check_json(value)
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        parsed = parse_json(text)
        assert parsed == value and json.dumps(parsed) == json.dumps(value)


class Kind(enum.IntEnum):
    RELU = 1


class Words(dict):
    """A subclass could hide anything; the file would not bring it back."""


@pytest.mark.parametrize(
    "value, message",
    [
        ({"layers": [{"init": (0, 1)}]}, r"config\.layers\[0\]\.init: only plain JSON .* got tuple \(0, 1\)"),
        ([[], [1, {"a": {2}}]], r"config\[1\]\[1\]\.a: .* got set \{2\}"),
        (b"bytes", "config: .* got bytes b'bytes'"),
        ({"x": np.float64(1)}, r"config\.x: .* got float64"),
        ({"x": np.zeros(2)}, r"config\.x: .* got ndarray"),
        ({"x": Kind.RELU}, r"config\.x: .* got Kind"),
        ({"x": Words(a=1)}, r"config\.x: .* got Words"),
        ({"x": print}, r"config\.x: .* got builtin_function_or_method"),
        ({"x": object}, r"config\.x: .* got type"),
        ({"x": 1j}, r"config\.x: .* got complex"),
        ({"a": {1: 2}}, r"config\.a: keys are str; got int 1"),
    ],
)
def test_anything_else_is_refused_with_its_place_and_type(value, message):
    with pytest.raises(TypeError, match=message):
        check_json(value, name="config")


@pytest.mark.parametrize(
    "value, message",
    [
        ({"rate": math.nan}, r"config\.rate: numbers are finite; got nan"),
        ([math.inf], r"config\[0\]: numbers are finite; got inf"),
        ({"n": 2**63}, r"config\.n: integers are at most 9223372036854775807; got 9223372036854775808"),
        ({"n": -(10**5000)}, r"config\.n: integers are at most .* got an integer of 16610 bits"),
        ({"name": "\ud800"}, r"config\.name: text with half a surrogate pair"),
        ({"\ud800": 1}, "config: text with half a surrogate pair"),
    ],
)
def test_values_that_would_not_come_back(value, message):
    with pytest.raises(ValueError, match=message):
        check_json(value, name="config")


@pytest.mark.parametrize("kind", [list, dict])
def test_nesting_of_1e5_is_refused_at_save(kind):
    value = None
    for _ in range(DEEP):
        value = [value] if kind is list else {"a": value}
    with pytest.raises(ValueError, match="nested deeper than 100 levels"):
        check_json(value)
    while value is not None:  # taken apart by hand: freeing it at once would recurse
        value = value[0] if kind is list else value["a"]


@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEP,
        "[" * DEEP + "]" * DEEP,
        '{"a":' * DEEP + "1" + "}" * DEEP,
        '[{"a":' * DEEP,
        '["' + "\\\\" * 7 + '",' + "[" * DEEP,
        '["\\"",' + "[" * DEEP,
        '["\\\\\\"",' + "[" * DEEP,
        " \n[" * DEEP,
    ],
)
def test_nesting_of_1e5_is_refused_at_load(text):
    with pytest.raises(ValueError, match="nested deeper than 100 levels"):
        parse_json(text)


def test_brackets_inside_text_are_not_nesting():
    value = ["[" * 500, "{" * 500 + '"', '\\"' + "[" * 500, "\\" + "]" * 500, {'["\\': "["}]
    assert parse_json(json.dumps(value)) == value


def test_the_depth_limit_is_exact():
    limits = Limits(depth=3)
    check_json([[[1]]], limits)
    assert parse_json("[[[1]], [[2]]]", limits) == [[[1]], [[2]]]
    for call, value in ((check_json, [[[[1]]]]), (parse_json, "[[[[1]]]]")):
        with pytest.raises(ValueError, match="nested deeper than 3 levels"):
            call(value, limits)


def test_a_value_inside_itself_ends():
    loop: list = []
    loop.append(loop)
    with pytest.raises(ValueError, match="nested deeper"):
        check_json(loop)
    wide: list = []
    wide += [wide, wide, wide]
    with pytest.raises(ValueError, match=r"nested deeper|more than"):
        check_json(wide)


def test_the_count_is_limited():
    limits = Limits(values=10)
    check_json([0] * 9, limits)
    assert parse_json("[" + "0," * 8 + "0]", limits) == [0] * 9
    with pytest.raises(ValueError, match="more than 10 values"):
        check_json([0] * 10, limits)
    for text in ("[" + "0," * 10 + "0]", "[[],[],[],[],[],[]]", '{"a":[{},{},{},{},{}]}'):
        with pytest.raises(ValueError, match="more than 10 values"):
            parse_json(text, limits)


def test_the_length_is_limited():
    with pytest.raises(ValueError, match="11 characters; the limit is 10"):
        parse_json(" " * 11, Limits(characters=10))


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "not valid JSON"),
        ("[1, 2", "not valid JSON"),
        ("[1] 2", "not valid JSON"),
        ('\\"[', "not valid JSON"),
        ("]" * DEEP + "[" * DEEP, "not valid JSON"),
        ('{"a": 1, "b": 2, "a": 3}', "key 'a' is given twice"),
        ('[{"x": [{"a": 1, "a": 1}]}]', "key 'a' is given twice"),
        ("NaN", "NaN is not a number of JSON"),
        ("[-Infinity]", "-Infinity is not a number of JSON"),
        ("1e999", "numbers are finite"),
        ("9223372036854775808", "integers are at most"),
        ("1" * 5000, "an integer of 5000 digits"),
        ('"\\ud800"', "half a surrogate pair"),
        ('{"\\udfff": 1}', "half a surrogate pair"),
    ],
)
def test_text_that_is_refused(text, message):
    with pytest.raises(ValueError, match=message) as error:
        parse_json(text, name="architecture")
    assert str(error.value).startswith("architecture")
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("text", ["1" * 10**7, "[" + "]" * 10**7, '"' + '\\"' * 5 * 10**6 + '"', "," * 10**7])
def test_hostile_text_of_1e7_characters_ends(text):
    """A scan that is not linear would take days."""
    with suppress(ValueError):
        assert parse_json(text) == json.loads(text)


@settings(max_examples=500)
@given(some.text('[]{}",:\\ua1e-.tn ', max_size=40))
def test_any_text_gives_what_json_gives_or_a_value_error(text):
    try:
        value = parse_json(text)
    except ValueError:
        return
    assert json.dumps(value) == json.dumps(json.loads(text))
