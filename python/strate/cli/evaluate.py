from __future__ import annotations

from strate.cli import datasets
from strate.cli.errors import OK, check_device
from strate.cli.models import load, origin_or_given
from strate.cli.output import print_test
from strate.info import set_num_threads


def run(arguments) -> int:
    """`strate evaluate`: one pass over the test images."""
    if arguments.threads:
        set_num_threads(arguments.threads)
    check_device(arguments.device)
    model = load(arguments.file).to(arguments.device)
    name = origin_or_given(model, arguments.data)
    datasets.check(name, arguments.data_dir, arguments.download)
    _, (x, y) = datasets.load(name, arguments.data_dir, arguments.download, model.input_shape[:2])
    print_test(model, x, y)
    return OK
