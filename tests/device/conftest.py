"""Tests of models on a device: they run with --device cuda, those of its absence without."""

from __future__ import annotations

import pytest

import harness


def pytest_collection_modifyitems(items):
    """Where there is no device, only the tests that say so run."""
    for item in items:
        absent = item.get_closest_marker("without_cuda") is not None
        if "tests/device" not in str(item.path).replace("\\", "/"):
            continue
        if absent and harness.device == "cuda":
            item.add_marker(pytest.mark.skip(reason="there is a device"))
        elif not absent and harness.device != "cuda":
            item.add_marker(pytest.mark.skip(reason="for --device cuda"))
