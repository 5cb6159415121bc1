"""The command `strate`: train, evaluate and use the library's models from a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from strate.cli.errors import FAILURE, INTERRUPTED, USAGE, UsageError, one_line
from strate.cli.parser import parse

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the words after `strate`. Default: those that the process was started with.
    Returns:
        0 if it worked, 1 if it failed, 2 for a wrong command line, 130 if it was interrupted.
    """
    try:
        arguments = parse(argv)
        status = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except SystemExit as done:  # argparse, after --help and --version
        return int(done.code or 0)
    except UsageError as error:
        return _say(error, USAGE)
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader has gone, as in `strate info | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except (OSError, ValueError, ImportError, ArithmeticError, MemoryError) as error:
        return _say(error, FAILURE)


def _say(problem: BaseException | str, status: int) -> int:
    print(f"strate: {one_line(problem)}", file=sys.stderr)
    return status
