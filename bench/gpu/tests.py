"""All tests of ops, of training and of kernels on the device: python -m gpu.tests, from the folder bench."""

from __future__ import annotations

import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

from . import results, sanitizers


def counts(report: Path) -> dict[str, int]:
    """How many tests there were, and what became of them, from pytest's report."""
    suite = ET.parse(report).getroot().find("testsuite")
    return {name: int(suite.get(name)) for name in ("tests", "failures", "errors", "skipped")}


def main() -> int:
    paths = ["tests/ops/test_max_pool2d.py"] if results.asked(__doc__) else ["tests/ops", "tests/device"]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        status = sanitizers.pytest([], [*paths, sanitizers.KERNELS, f"--junitxml={report}"])
        results.keep("tests", counts(report))
    return status


if __name__ == "__main__":
    sys.exit(main())
