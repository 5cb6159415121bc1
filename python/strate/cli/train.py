from __future__ import annotations

import inspect
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

from strate import zoo
from strate.cli import datasets
from strate.cli.errors import INTERRUPTED, OK, UsageError, check_device, unknown
from strate.cli.models import named
from strate.cli.output import check_writable, count, print_test
from strate.data import Augment
from strate.info import set_num_threads
from strate.zoo.recipes import MOVING, OPTIMIZERS


def run(arguments) -> int:
    """`strate train`: fit on the training images, save, test once."""
    name = arguments.data or "digits"
    _check(arguments, name)
    if arguments.threads:
        set_num_threads(arguments.threads)
    side = arguments.input_size
    recipe, names = _recipe(arguments, name), datasets.class_names(name)
    (x, y), test = datasets.load(name, arguments.data_dir, arguments.download, side and (side, side))
    if recipe.augment is not None:
        recipe.augment.check(x.shape[1:])
    model = zoo.MODELS[arguments.model](len(names), x.shape[1:], seed=arguments.seed)
    model.class_names, model.name = names, named(arguments.model, name)
    start = time.perf_counter()
    history = _fit(model.to(arguments.device), x, y, recipe, arguments.seed)
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
    check_device(arguments.device)
    if arguments.model not in zoo.MODELS:
        raise unknown("model", arguments.model, zoo.MODELS)
    datasets.check(name, arguments.data_dir, arguments.download)
    rule = arguments.rule or zoo.recipe(arguments.model, name).rule
    if arguments.momentum is not None and rule not in MOVING:
        raise UsageError(f"--momentum is for {' and '.join(MOVING)}; got --optimizer {rule}")
    if arguments.save:
        check_writable(Path(arguments.save))


def _recipe(arguments, name: str) -> zoo.Recipe:
    """The model's own recipe for this data set, with what the command line changes."""
    recipe = zoo.recipe(arguments.model, name)
    given = {field.name: getattr(arguments, field.name) for field in fields(recipe)}
    if arguments.augment is not None:
        given["augment"] = Augment(bool(arguments.augment["flip"]), arguments.augment["shift"])
    if arguments.rule not in (None, recipe.rule):  # steps of another rule are of another size
        usual = inspect.signature(OPTIMIZERS[arguments.rule]).parameters
        given["learning_rate"] = given["learning_rate"] or usual["learning_rate"].default
        if given["weight_decay"] is None:
            given["weight_decay"] = usual["weight_decay"].default
    return replace(recipe, **{key: value for key, value in given.items() if value is not None})


def _fit(model, x, y, recipe: zoo.Recipe, seed: int):
    parameters = count(model.summary().parameters, "parameter")
    print(f"{model.name}: {parameters}, {count(len(x), 'training image')}")
    print(f"batches of {recipe.batch_size}, {_described(recipe)}, seed {seed}", flush=True)
    return model.fit(
        x,
        y,
        loss=model.loss or "cross_entropy",
        optimizer=recipe.optimizer(),
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        augment=recipe.augment,
        seed=seed,
    )


def _described(recipe: zoo.Recipe) -> str:
    """What a step does, in words."""
    falls = {"constant": "held constant", "cosine": "falling as a cosine", "linear": "falling linearly"}
    parts = [] if recipe.rule == "sgd" else [recipe.rule]
    parts.append(f"step {recipe.learning_rate:g} {falls.get(recipe.schedule, f'falling: {recipe.schedule}')}")
    parts += [f"momentum {recipe.momentum:g}"] if recipe.rule in MOVING else []
    parts.append(f"weight decay {recipe.weight_decay:g}")
    if recipe.augment is not None:
        parts += ["images flipped"] if recipe.augment.flip else []
        parts += [f"moved by up to {recipe.augment.shift}"] if recipe.augment.shift else []
    return ", ".join(parts)
