"""The command line: names, meanings and ranges. Nothing is computed here, and no engine is loaded."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from strate.cli.errors import UsageError
from strate.version import __version__
from strate.zoo import MODELS

DATA_SETS = ("digits", "mnist", "fashion-mnist", "cifar10")
OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "adagrad")
SCHEDULES = ("constant", "step", "exponential", "inverse-time", "cosine", "linear")
SHIFT = 4  # pixels, of --augment shift


class Parser(argparse.ArgumentParser):
    """Errors are one line, raised instead of printed; options are written out."""

    def __init__(self, **settings):
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} ({self.prog} --help)")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line as attributes; `run` is the function that carries it out."""
    arguments = build().parse_args(argv)
    arguments.run = import_module(f"strate.cli.{arguments.command}").run
    return arguments


def build() -> Parser:
    """The parser of `strate` and its commands."""
    parser = Parser(prog="strate", description="Trains, tests and uses small neural networks.")
    parser.add_argument("--version", action="version", version=f"strate {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _train(commands.add_parser("train", help="train a model and test it", description=TRAIN))
    _evaluate(commands.add_parser("evaluate", help="test a saved model", description=EVALUATE))
    _predict(commands.add_parser("predict", help="name what a picture shows", description=PREDICT))
    _summary(commands.add_parser("summary", help="list the layers of a model", description=SUMMARY))
    commands.add_parser("info", help="what this installation is and may use", description=INFO)
    return parser


TRAIN = "Trains a model on the training images of a data set, then tests it once on the test images."
EVALUATE = "Tests a saved model on the test images of a data set."
PREDICT = "Prepares a picture as the model's training images were, and prints the probability of each class."
SUMMARY = "Lists layers, output shapes, receptive fields, parameters and multiply-adds."
INFO = "Prints version, instruction sets, threads, memory, and CUDA or why not."
MODEL_HELP = ", ".join(MODELS)


def _train(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    _data(parser, "default: digits")
    parser.add_argument("--epochs", type=_count, metavar="N", help="passes over the training images")
    parser.add_argument("--batch-size", type=_count, metavar="N", help="images in a step")
    _optimizer(parser)
    parser.add_argument(
        "--augment",
        type=_augment,
        metavar="WAYS",
        help=f"change training images at random: flip, shift or shift=PIXELS ({SHIFT}), joined by commas",
    )
    parser.add_argument(
        "--input-size", type=_count, metavar="N", help="resize the images to NxN; default: as they are"
    )
    _threads(parser)
    _device(parser)
    parser.add_argument(
        "--seed", type=_whole, default=0, metavar="N", help="of weights and order; default: 0"
    )
    parser.add_argument("--save", metavar="FILE", help="write the trained model there (.safetensors)")


def _optimizer(parser: Parser) -> None:
    parser.add_argument(
        "--optimizer", dest="rule", choices=OPTIMIZERS, metavar="NAME", help=f"{', '.join(OPTIMIZERS)}"
    )
    parser.add_argument("--learning-rate", type=_positive, metavar="X", help="of the first epoch")
    parser.add_argument(
        "--schedule",
        choices=SCHEDULES,
        metavar="NAME",
        help=f"how the learning rate falls: {', '.join(SCHEDULES)}; default: cosine",
    )
    parser.add_argument(
        "--momentum", type=_fraction, metavar="X", help="from 0 to below 1; of sgd and rmsprop"
    )
    parser.add_argument("--weight-decay", type=_not_negative, metavar="X", help="0 or more")


def _evaluate(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="a model that `strate train --save` wrote")
    _data(parser, "default: what it was trained on")
    _threads(parser)
    _device(parser)


def _predict(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="a model that `strate train --save` wrote")
    parser.add_argument("picture", metavar="PICTURE", help="a digit or garment, dark on light or the reverse")


def _summary(parser: Parser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", help=f"{MODEL_HELP}, rnn_tagger, char_rnn, or a saved file"
    )
    parser.add_argument(
        "--input-shape",
        type=_shape,
        metavar="H,W,C",
        help="of an image, or the length of a sequence; default: the model's own",
    )
    parser.add_argument(
        "--vocabulary",
        type=_count,
        metavar="N",
        help="words of rnn_tagger, characters of char_rnn; default: 10 000, 100",
    )
    parser.add_argument("--classes", type=_count, metavar="N", help="outputs; default: the model's own")
    parser.add_argument(
        "--depth", type=_count, metavar="N", help="levels of layers inside layers to list; default: all"
    )
    parser.add_argument("--verbose", action="store_true", help="also how each convolution is computed")


def _data(parser: Parser, default: str) -> None:
    parser.add_argument("--data", metavar="NAME", help=f"{', '.join(DATA_SETS)}; {default}")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of the data set's files")
    parser.add_argument("--download", action="store_true", help="fetch the files that are missing")


def _threads(parser: Parser) -> None:
    parser.add_argument("--threads", type=_count, metavar="N", help="default: all that the process may use")


def _device(parser: Parser) -> None:
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where; default: cpu")


def _count(text: str) -> int:
    return _checked(int, text, "a whole number from 1 on", lambda value: 1 <= value < 1 << 31)


def _shape(text: str) -> tuple[int, ...]:
    def sizes(text: str) -> tuple[int, ...]:
        return tuple(map(int, text.split(",")))

    rule = "a shape such as 224,224,3"
    return _checked(sizes, text, rule, lambda value: all(1 <= size < 1 << 31 for size in value))


def _whole(text: str) -> int:
    return _checked(int, text, "a whole number from 0 to 2^63 - 1", lambda value: 0 <= value < 1 << 63)


def _positive(text: str) -> float:
    return _checked(float, text, "a number above 0", lambda value: value > 0 and math.isfinite(value))


def _not_negative(text: str) -> float:
    return _checked(float, text, "a number from 0 on", lambda value: value >= 0 and math.isfinite(value))


def _fraction(text: str) -> float:
    return _checked(float, text, "a number from 0 to below 1", lambda value: 0 <= value < 1)


def _augment(text: str) -> dict[str, int]:
    ways = {"flip": 0, "shift": 0}
    for way in text.split(","):
        name, is_given, pixels = way.partition("=")
        if name not in ways or (is_given and (name == "flip" or not pixels.isdecimal())):
            raise argparse.ArgumentTypeError(
                f"flip, shift or shift=PIXELS, joined by commas, is needed; got {text!r}"
            )
        ways[name] = int(pixels) if is_given else (1 if name == "flip" else SHIFT)
    return ways


def _checked(kind, text: str, rule: str, is_valid):
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not is_valid(value):
        raise argparse.ArgumentTypeError(f"{rule} is needed; got {text!r}")
    return value
