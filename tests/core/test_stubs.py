"""The stub of the engine against the engine: the same names, the same arguments, the same defaults."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import strate
from strate import _core

STUB = Path(strate.__file__).with_name("_core.pyi")
TREE = ast.parse(STUB.read_text(encoding="utf-8"))
# Methods that Python derives or that only pybind11 needs.
BEHIND_THE_SCENES = {"__new__", "__getstate__", "__setstate__", "__repr__", "__init__", "__iter__"}


def arguments(node: ast.FunctionDef) -> list[tuple[str, bool]]:
    """(name, has a default) of each argument but self."""
    given = node.args
    plain = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(plain) - len(given.defaults)) + list(given.defaults)
    pairs = [*zip(plain, defaults, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    return [(argument.arg, default is not None) for argument, default in pairs if argument.arg != "self"]


def documented(function) -> list[tuple[str, bool]]:
    """The same from the signature that pybind11 writes into the docstring."""
    signature = function.__doc__.splitlines()[0]
    inside = signature[signature.index("(") + 1 : signature.rindex(") -> ")]
    parts, depth = [""], 0
    for letter in inside:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    parts = [part.strip() for part in parts if part.strip() not in ("", "*", "/")]
    named = [(re.match(r"\w+", part)[0], " = " in part) for part in parts]
    return [pair for pair in named if pair[0] != "self"]


def functions(body) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef)}


def is_property(node: ast.FunctionDef) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list)


CLASSES = {node.name: node for node in TREE.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = functions(TREE.body)


def test_the_same_names():
    assert {*CLASSES, *FUNCTIONS} == {name for name in vars(_core) if not name.startswith("_")}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_arguments(name):
    assert arguments(FUNCTIONS[name]) == documented(getattr(_core, name))


@pytest.mark.parametrize("name", CLASSES)
def test_the_same_members(name):
    built, stub = getattr(_core, name), functions(CLASSES[name].body)
    members = {
        key for key, value in vars(built).items() if callable(value) or isinstance(value, property)
    } - BEHIND_THE_SCENES
    members = {key for key in members if not key.startswith("_pybind11")}
    assert {key for key in stub if key not in BEHIND_THE_SCENES} == members
    for key, node in stub.items():
        if key == "__iter__":
            continue
        if is_property(node):
            assert isinstance(vars(built)[key], property), key
        else:
            assert arguments(node) == documented(vars(built)[key]), key


def test_the_package_says_that_it_is_typed():
    assert STUB.with_name("py.typed").is_file()
