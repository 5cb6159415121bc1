"""Plain JSON, bounded: the only thing that may describe a model in a file.

Both directions walk without recursion, so no nesting can exhaust the stack.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn


@dataclass(frozen=True)
class Limits:
    """What a JSON value may hold at most: characters, levels of nesting, values, size of an integer."""

    characters: int = 16 << 20
    depth: int = 100
    values: int = 1_000_000
    integer: int = (1 << 63) - 1


DEFAULT = Limits()
_Place = tuple[Any, "str | int"]  # (the place around, key or index)


def check_json(value: Any, limits: Limits = DEFAULT, name: str = "value") -> None:
    """Accepts plain JSON alone: dict with str keys, list, str, int, finite float, bool, None.

    Args:
        value: what is to be saved, or was loaded.
        limits: nesting, count and integer size; a list inside itself goes beyond them.
        name: what the value is called in messages.
    Raises:
        TypeError: another type, a subclass too; the message gives the place inside the value and the type.
        ValueError: a float that is not finite, text that is not Unicode, or a limit passed.

    >>> check_json({"layers": [{"units": 3, "init": (0, 1)}]}, name="config")
    Traceback (most recent call last):
    TypeError: config.layers[0].init: only plain JSON can be saved (dict, list, str, ...); got tuple (0, 1)
    """
    root: _Place = (None, name)
    pending = [(value, root, 0)]
    count = 0
    while pending:
        value, place, depth = pending.pop()
        count += 1
        if count > limits.values:
            raise ValueError(f"{name}: more than {limits.values} values")
        if type(value) in (dict, list):
            if depth == limits.depth:
                raise ValueError(f"{_describe(place)}: nested deeper than {limits.depth} levels")
            pending += [(child, inner, depth + 1) for child, inner in _children(value, place)]
        else:
            _check_scalar(value, place, limits)


def parse_json(text: str, limits: Limits = DEFAULT, name: str = "value") -> Any:
    """Parses JSON from an untrusted source; its size, nesting and count are checked before a value is made.

    Raises:
        ValueError: not JSON, a key given twice, NaN or infinity, or a limit passed.

    >>> parse_json("[" * 100_000, name="header")
    Traceback (most recent call last):
    ValueError: header: nested deeper than 100 levels
    """
    if len(text) > limits.characters:
        raise ValueError(f"{name}: {len(text)} characters; the limit is {limits.characters}")
    _check_structure(text, limits, name)
    try:
        value = json.loads(
            text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant, parse_int=_bounded_integer
        )
    except ValueError as error:
        raise ValueError(f"{name}: not valid JSON: {error}") from error
    check_json(value, limits, name)
    return value


def _children(value: dict | list, place: _Place) -> Iterator[tuple[Any, _Place]]:
    if type(value) is list:
        for index, child in enumerate(value):
            yield child, (place, index)
        return
    for key, child in value.items():
        if type(key) is not str:
            raise TypeError(f"{_describe(place)}: keys are str; got {type(key).__name__} {shorten(key)}")
        _check_text(key, place)
        yield child, (place, key)


def _check_scalar(value: Any, place: _Place, limits: Limits) -> None:
    kind = type(value)
    if kind is str:
        _check_text(value, place)
    elif kind is int:
        if abs(value) > limits.integer:
            what = shorten(value)
            raise ValueError(f"{_describe(place)}: integers are at most {limits.integer}; got {what}")
    elif kind is float:
        if not math.isfinite(value):
            raise ValueError(f"{_describe(place)}: numbers are finite; got {value}")
    elif kind is not bool and value is not None:
        raise TypeError(
            f"{_describe(place)}: only plain JSON can be saved (dict, list, str, ...); "
            f"got {kind.__name__} {shorten(value)}"
        )


def _check_text(text: str, place: _Place) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{_describe(place)}: text with half a surrogate pair: {shorten(text)}") from error


def _describe(place: _Place) -> str:
    parts = []
    outer, key = place
    while outer is not None:
        parts.append(f"[{key}]" if type(key) is int else f".{shorten(key, plain=True)}")
        outer, key = outer
    return "".join([str(key), *reversed(parts)])


def shorten(value: Any, plain: bool = False) -> str:
    """A value from a file as messages quote it: printable, and never long."""
    if type(value) is int and value.bit_length() > 200:
        return f"an integer of {value.bit_length()} bits"
    text = value if plain else repr(value)
    text = text.encode("ascii", "backslashreplace").decode() if not text.isprintable() else text
    return text if len(text) <= 60 else text[:57] + "..."


def _check_structure(text: str, limits: Limits, name: str) -> None:
    """Bounds nesting and count from brackets and commas alone.

    Exact for as long as the parser would go on: outside a string, a backslash ends the JSON.
    """
    without_escapes = text.replace("\\\\", "").replace('\\"', "")
    structure = "".join(without_escapes.split('"')[::2])
    if structure.count(",") + structure.count("[") + structure.count("{") + 1 > limits.values:
        raise ValueError(f"{name}: more than {limits.values} values")
    depth = 0
    for bracket in re.finditer(r"[\[\]{}]", structure):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > limits.depth:
            raise ValueError(f"{name}: nested deeper than {limits.depth} levels")
        if depth < 0:  # the parser ends here
            return


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"key {shorten(key)} is given twice")
            seen.add(key)
    return result


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number of JSON")


def _bounded_integer(digits: str) -> int:
    if len(digits) > 40:
        raise ValueError(f"an integer of {len(digits)} digits")
    return int(digits)
