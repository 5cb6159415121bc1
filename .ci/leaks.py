"""Fails if a report of the leak sanitizer names memory that the engine allocated and lost.

What is allocated while the module is imported belongs to pybind11 and lives as long as the process.
"""

import sys
from pathlib import Path


def of_the_engine(report: str) -> bool:
    return "strate::" in report and "PyInit__core" not in report


logs = [Path(path).read_text() for path in sys.argv[1:] if Path(path).is_file()]
reports = [block for log in logs for block in log.split("\n\n")]
found = [report for report in reports if of_the_engine(report)]
print(f"{len(reports)} reports of the leak sanitizer, {len(found)} of the engine")
sys.exit("\n\n".join(found) if found else 0)
