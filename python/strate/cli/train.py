from __future__ import annotations

import sys
import time
from dataclasses import fields, replace
from pathlib import Path

from strate import zoo
from strate.cli import datasets
from strate.cli.errors import INTERRUPTED, OK, unknown
from strate.cli.models import named
from strate.cli.output import check_writable, count, print_test
from strate.data import CLASS_NAMES
from strate.info import set_num_threads


def run(arguments) -> int:
    """`strate train`: fit on the training images, save, test once."""
    name = arguments.data or "digits"
    _check(arguments, name)
    if arguments.threads:
        set_num_threads(arguments.threads)
    (x, y), test = datasets.load(name, arguments.data_dir, arguments.download)
    model = zoo.MODELS[arguments.model](len(CLASS_NAMES[name]), x.shape[1:], seed=arguments.seed)
    model.class_names, model.name = CLASS_NAMES[name], named(arguments.model, name)
    start = time.perf_counter()
    history = _fit(model, x, y, _recipe(arguments, name), arguments.seed)
    seconds = time.perf_counter() - start
    if arguments.save:
        model.save(arguments.save)
        print(f"saved: {arguments.save}")
    if history.interrupted:
        print(f"strate: interrupted after {count(history.epochs, 'epoch')}", file=sys.stderr)
        return INTERRUPTED
    print(f"trained: {count(history.epochs, 'epoch')} in {seconds:.1f} s")
    print_test(model, *test)
    return OK


def _check(arguments, name: str) -> None:
    """What can be known to be wrong before any work is done."""
    if arguments.model not in zoo.MODELS:
        raise unknown("model", arguments.model, zoo.MODELS)
    datasets.check(name, arguments.data_dir, arguments.download)
    if arguments.save:
        check_writable(Path(arguments.save))


def _recipe(arguments, name: str) -> zoo.Recipe:
    """The model's own recipe for this data set, with what the command line changes."""
    recipe = zoo.RECIPES[arguments.model, name]
    given = {field.name: getattr(arguments, field.name) for field in fields(recipe)}
    return replace(recipe, **{key: value for key, value in given.items() if value is not None})


def _fit(model, x, y, recipe: zoo.Recipe, seed: int):
    parameters = count(model.summary().parameters, "parameter")
    print(f"{model.name}: {parameters}, {count(len(x), 'training image')}")
    print(
        f"batches of {recipe.batch_size}, step {recipe.learning_rate:g} falling as a cosine, "
        f"momentum {recipe.momentum:g}, weight decay {recipe.weight_decay:g}, seed {seed}",
        flush=True,
    )
    return model.fit(
        x,
        y,
        loss="cross_entropy",
        optimizer=recipe.optimizer(),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        seed=seed,
    )
