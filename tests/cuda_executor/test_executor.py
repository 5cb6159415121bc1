"""The executor of CUDA kernels finds the faults that were planted, and nothing in kernels that are right.

The programs are built beforehand: STRATE_EXECUTOR_TESTS names a folder with `plain/test_executor`,
`asan/test_executor` (-fsanitize=address,undefined) and `tsan/test_executor` (-fsanitize=thread).
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

FOLDER = os.environ.get("STRATE_EXECUTOR_TESTS", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="STRATE_EXECUTOR_TESTS names no folder with the programs")

ORDERS = ["forward", "reverse", "random:3"]
BUILDS = ["plain", "asan", "tsan"]

# What finds a fault: the executor itself or the comparison of results, in every build and order, ...
FOUND_BY_RUNNING = {
    "missing_barrier": r"wrong result",
    "missing_barrier_after_wait": r"wrong result",
    "divergent_barrier": r"divergent barriers in one block\n.*kernels\.h:\d+, thread \(\d+,0,0\)",
    "divergent_shuffle": r"lane .*has exited.*\n.*__shfl_down_sync at .*kernels\.h:\d+, thread",
    "exit_before_barrier": r"a thread which has exited never reaches\n.*kernels\.h:\d+, thread",
    "wrong_wait_depth": r"cp\.async in flight\n.*kernels\.h:\d+, thread",
    "foreign_lane": r"not in its own mask\n.*planted_in_blocks\.cu:\d+, thread \(\d+,0,0\)",
    "missing_guard": r"wrong result at 100:",
    "misaligned_cp_async": r"both addresses are aligned.*\n.*planted_in_memory\.cu:\d+",
    "too_much_static_shared": r"more than 48 KB of static shared memory",
    "too_much_dynamic_shared": r"at most 48 KB.*got 49153",
    "too_many_threads": r"1 to 1024 threads; got 1056",
    "uninitialised_memory": r"wrong result at 0: -?nan",
    "no_synchronise": r"wrong result at 0: 0\.0",
    "pinned_overwritten": r"wrong result at 0: 2\.0",
    "missing_event": r"wrong result at 0: -?nan",
    "unjoined_capture": r"unjoined work",
    "synchronise_in_capture": r"not permitted when stream is capturing",
    "copy_past_end": r"past the end of device memory",
}
# ... AddressSanitizer or UndefinedBehaviorSanitizer, at the line, ...
FOUND_BY_ASAN = {
    "shared_off_by_one": r"use-after-poison .*planted_in_memory\.cu:\d+",
    "global_off_by_one": r"heap-buffer-overflow .*planted_in_memory\.cu:\d+",
    "misaligned_float4": r"planted_in_memory\.cu:\d+:\d+: runtime error: .*misaligned address",
    "freed_destination": r"heap-use-after-free",
    "host_reads_device": r"use-after-poison .*planted_in_streams\.cu:\d+",
}
# ... ThreadSanitizer, at the line. The last two are found by nothing else.
FOUND_BY_TSAN = {
    "missing_barrier": r"data race .*kernels\.h:\d+",
    "missing_barrier_after_wait": r"data race",
    "same_value_race": r"data race .*planted_in_blocks\.cu:\d+",
    "race_between_blocks": r"data race .*planted_in_blocks\.cu:\d+",
}
# ... a run in which streams but the first do at once what waits for nothing, ...
FOUND_EARLY = {
    "overwritten_too_early": r"wrong result at 0: 6\.0",
}
CORRECT = [
    *("block_sum", "votes", "shuffles", "two_instantiations", "sum_of_blocks", "atomics", "partial_copies"),
    *("numbers", "tiled_product", "ring_product", "tf32_product", "ldmatrix", "ldmatrix_transposed"),
    *("roundings", "events", "capture", "pageable", "limits", "sticky"),
]
MEASURES = ["speeds"]


def run(
    build: str, scenario: str, order: str = "forward", workers: int = 1, streams: str = "late"
) -> tuple[int, str]:
    """Exit status and what was printed; 0 and "nothing found" where nothing was."""
    program = Path(FOLDER) / build / "test_executor"
    settings = {"ORDER": order, "WORKERS": str(workers), "STREAMS": streams}
    environment = os.environ | {f"STRATE_EXECUTOR_{name}": value for name, value in settings.items()}
    done = subprocess.run([program, scenario], env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_every_scenario_is_expected_to_do_something():
    expected = {*FOUND_BY_RUNNING, *FOUND_EARLY, *FOUND_BY_ASAN, *FOUND_BY_TSAN, *CORRECT, *MEASURES}
    assert run("plain", "--list")[1].split() and set(run("plain", "--list")[1].split()) == expected


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("scenario", CORRECT)
def test_nothing_is_found_in_what_is_right(scenario, build, order):
    assert run(build, scenario, order) == (0, "nothing found\n")


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("scenario", ["block_sum", "sum_of_blocks", "ring_product"])
def test_blocks_at_the_same_time(scenario, build):
    assert run(build, scenario, workers=3) == (0, "nothing found\n")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("build", ["plain", "asan"])
@pytest.mark.parametrize("scenario", FOUND_BY_RUNNING)
def test_a_run_finds(scenario, build, order):
    status, text = run(build, scenario, order)
    assert status == 1
    assert re.search("found: .*" + FOUND_BY_RUNNING[scenario], text, re.S)


@pytest.mark.parametrize("build", ["plain", "asan"])
@pytest.mark.parametrize("scenario", FOUND_EARLY)
def test_early_streams_find(scenario, build):
    assert run(build, scenario) == (0, "nothing found\n"), "else it would be no test of the order of streams"
    status, text = run(build, scenario, streams="early")
    assert status == 1
    assert re.search("found: .*" + FOUND_EARLY[scenario], text, re.S)


@pytest.mark.parametrize("scenario", ["ring_product", "capture", "pageable", "limits", "sticky"])
def test_nothing_is_found_in_early_streams(scenario):
    assert run("plain", scenario, streams="early") == (0, "nothing found\n")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scenario", FOUND_BY_ASAN)
def test_address_sanitizer_finds(scenario, order):
    status, text = run("asan", scenario, order)
    assert status not in (0, 2)
    assert re.search(FOUND_BY_ASAN[scenario], text)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scenario", FOUND_BY_TSAN)
def test_thread_sanitizer_finds(scenario, order):
    status, text = run("tsan", scenario, order)
    assert status not in (0, 2)
    assert re.search(FOUND_BY_TSAN[scenario], text)


def test_only_a_sanitizer_finds_a_race_without_consequence():
    """Else the two would be no test of TSan."""
    for scenario in ("same_value_race", "race_between_blocks"):
        assert run("plain", scenario) == (0, "nothing found\n")


@pytest.mark.parametrize("order", ["", "Forward", "random:", "random:x", "backward"])
def test_an_unknown_order_is_an_error(order):
    status, text = run("plain", "block_sum", order or " ")
    assert status == 1
    assert "STRATE_EXECUTOR_ORDER is forward, reverse, random or random:seed; got" in text


def test_another_time_for_streams_is_an_error():
    status, text = run("plain", "block_sum", streams="now")
    assert status == 1
    assert "STRATE_EXECUTOR_STREAMS is late or early; got now" in text


def test_an_unknown_number_of_workers_is_an_error():
    status, text = run("plain", "block_sum", workers=0)
    assert status == 1
    assert "STRATE_EXECUTOR_WORKERS is 1 to 64; got 0" in text
