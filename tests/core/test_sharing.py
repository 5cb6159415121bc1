"""Whether small loops are shared, by what they cost: the decision alone, compiled and fed with costs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from harness import cpu_only

CPP = Path(__file__).parents[2] / "cpp"
PROGRAM = """
#include <cstdio>

#include "core/sharing.h"

// Lines of: periods, cost of a shared loop, of one alone, whether a cache is in common, and after how many
// loops one is interrupted, or 0. Prints how many of the periods were shared, and whether the next one is.
int main() {
  strate::Sharing sharing;
  int periods, near, interrupted;
  double shared, alone;
  while (std::scanf("%d %lf %lf %d %d", &periods, &shared, &alone, &near, &interrupted) == 5) {
    int count = 0;
    for (int i = 0; i < periods; i++) {
      count += sharing.pays();
      bool full = false;
      for (int loops = 1; loops < 10000 && !full; loops++) {
        if (interrupted > 0 && loops % interrupted == 0) sharing.note(20e3, 1e6);
        full = sharing.note(20e3, 10e3 * (sharing.pays() ? shared : alone));
      }
      if (full) sharing.judge(near);  // else they do not count
    }
    std::printf("%d %d\\n", count, sharing.pays());
  }
}
"""


@pytest.fixture(scope="module")
def decide(tmp_path_factory):
    """What the program prints for phases of (periods, cost shared, cost alone, near[, interrupted])."""
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler")
    folder = tmp_path_factory.mktemp("sharing")
    (folder / "main.cpp").write_text(PROGRAM)
    command = [compiler, "-std=c++20", "-O1", f"-I{CPP}", "main.cpp", "-o", "decide"]
    subprocess.run(command, cwd=folder, check=True)

    def run(*phases):
        lines = "".join(" ".join(map(str, (*phase, 0)[:5])) + "\n" for phase in phases)
        done = subprocess.run([folder / "decide"], input=lines, capture_output=True, text=True, check=True)
        return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]

    return run


@cpu_only
def test_with_a_cache_in_common_loops_are_always_shared(decide):
    assert decide((5000, 2.0, 1.0, 1)) == [(5000, 1)]


@cpu_only
def test_without_one_the_cheaper_way_is_found_and_the_other_seldom_tried(decide):
    [(shared, pays)] = decide((5000, 1.6, 1.0, 0))
    assert not pays and shared < 5000 * 0.02
    [(shared, pays)] = decide((5000, 1.0, 1.6, 0))
    assert pays and shared > 5000 * 0.98
    [(shared, pays)] = decide((5000, 1.0, 0.97, 0))
    assert shared > 5000 * 0.98, "a gain as small as this may be noise"


@cpu_only
def test_what_changes_is_noticed(decide):
    phases = decide((2000, 1.6, 1.0, 0), (600, 0.6, 1.0, 0), (600, 1.6, 1.0, 0), (1, 1.6, 1.0, 1))
    assert [pays for _, pays in phases] == [0, 1, 0, 1]


@cpu_only
def test_loops_that_take_long_are_shared_whatever_was_estimated(decide):
    """Those that only the estimate calls small, and those that are so alone."""
    assert decide((50, 26.0, 12.0, 0)) == [(50, 1)]
    [(shared, pays)] = decide((300, 24.0, 26.0, 0))
    assert pays and shared >= 290


@cpu_only
def test_an_interruption_now_and_then_is_not_a_long_loop(decide):
    [(shared, pays)] = decide((2000, 1.6, 1.0, 0, 150))
    assert not pays and shared < 2000 * 0.05
