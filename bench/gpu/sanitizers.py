"""Every kernel once under each tool of compute-sanitizer: python -m gpu.sanitizers, from the folder bench."""

from __future__ import annotations

import shutil
import subprocess
import sys

from . import results

KERNELS = "tests/test_cuda_kernels.py"
FOUND = 9  # exit status where a tool found something
TOOLS = {
    "memcheck": [],
    "racecheck": ["--racecheck-report=all"],
    "synccheck": [],
    "initcheck": [],
}


def pytest(before: list[str], arguments: list[str]) -> int:
    """pytest with its tensors on the device, as the arguments of another command."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--device", "cuda"]
    return subprocess.run([*before, *command, *arguments], cwd=results.ROOT).returncode


def main() -> int:
    tiny = results.asked(__doc__)
    sanitizer = shutil.which("compute-sanitizer")
    if sanitizer is None:
        print("not run: compute-sanitizer is not on PATH")
        results.keep("sanitizers", "compute-sanitizer was not installed")
        return 0
    found = {}
    for tool, options in TOOLS.items():
        print(f"-- {tool}", flush=True)
        before = [sanitizer, "--tool", tool, f"--error-exitcode={FOUND}", *options]
        status = pytest(before, [KERNELS, *(["-k", "MaxPool2d"] if tiny else [])])
        found[tool] = {0: "nothing found", FOUND: "errors found"}.get(status, f"exit status {status}")
    results.keep("sanitizers", found)
    return int(any(text != "nothing found" for text in found.values()))


if __name__ == "__main__":
    sys.exit(main())
