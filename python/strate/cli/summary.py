from __future__ import annotations

from pathlib import Path

from strate import zoo
from strate.cli.errors import OK, unknown
from strate.cli.models import load


def run(arguments) -> int:
    """`strate summary`: of a model by name, or of a saved file."""
    name = arguments.model
    if name in zoo.MODELS:
        model = zoo.MODELS[name]()
    elif Path(name).suffix or "/" in name or Path(name).is_file():
        model = load(name)
    else:
        raise unknown("model", name, zoo.MODELS)
    print(model.summary())
    return OK
