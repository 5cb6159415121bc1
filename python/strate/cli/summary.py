from __future__ import annotations

from pathlib import Path

from strate import zoo
from strate.cli.errors import OK, UsageError, unknown
from strate.cli.models import read
from strate.model import Model

SEQUENCES = {"rnn_tagger": 20, "char_rnn": 50}  # steps of a sequence


def run(arguments) -> int:
    """`strate summary`: of a model by name, or of a saved file."""
    name = arguments.model
    if name in zoo.MODELS:
        if arguments.vocabulary:
            raise UsageError("--vocabulary is for rnn_tagger and char_rnn")
        asked = {"classes": arguments.classes, "input_shape": arguments.input_shape}
        model = zoo.MODELS[name](**{key: value for key, value in asked.items() if value is not None})
    elif name in SEQUENCES:
        model = of_sequences(name, arguments)
    elif Path(name).suffix or "/" in name or Path(name).is_file():
        if arguments.classes or arguments.input_shape or arguments.vocabulary:
            raise UsageError("sizes are for models by name; a saved one has its own")
        model = read(name)
    else:
        raise unknown("model", name, [*zoo.MODELS, *SEQUENCES])
    print(model.summary(depth=arguments.depth, verbose=arguments.verbose))
    return OK


def of_sequences(name: str, arguments) -> Model:
    """A model that reads words or characters."""
    (length, *more) = arguments.input_shape or (SEQUENCES[name],)
    if more:
        raise UsageError(f"{name} reads sequences: --input-shape is their length; got {length},{more[0]}")
    if name == "rnn_tagger":
        return zoo.rnn_tagger(arguments.vocabulary or 10_000, arguments.classes or 2, length=length)
    if arguments.classes:
        raise UsageError("char_rnn tells as many characters apart as --vocabulary says; it has no --classes")
    return zoo.char_rnn(arguments.vocabulary or 100, length=length)
