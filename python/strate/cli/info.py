from __future__ import annotations

from strate.info import info


def run(arguments) -> int:
    """`strate info`."""
    print(info())
    return 0
