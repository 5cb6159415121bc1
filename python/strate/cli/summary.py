from __future__ import annotations

from pathlib import Path

from strate import zoo
from strate.cli.errors import OK, UsageError, unknown
from strate.cli.models import read


def run(arguments) -> int:
    """`strate summary`: of a model by name, or of a saved file."""
    name = arguments.model
    if name in zoo.MODELS:
        asked = {"classes": arguments.classes, "input_shape": arguments.input_shape}
        model = zoo.MODELS[name](**{key: value for key, value in asked.items() if value is not None})
    elif Path(name).suffix or "/" in name or Path(name).is_file():
        if arguments.classes or arguments.input_shape:
            raise UsageError("--classes and --input-shape are for models by name; a saved one has its own")
        model = read(name)
    else:
        raise unknown("model", name, zoo.MODELS)
    print(model.summary(depth=arguments.depth, verbose=arguments.verbose))
    return OK
