"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets (mnist/, fashion-mnist/, ...) named by STRATE_TEST_DATA."""
    folder = os.environ.get("STRATE_TEST_DATA")
    if not folder:
        pytest.skip("STRATE_TEST_DATA does not name the folder of the real data sets")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"STRATE_TEST_DATA={folder} is not a folder")
    return path


@pytest.fixture
def replays(monkeypatch):
    """How often a program was replayed."""
    from strate import programs

    counts = []
    run = programs.Program.run
    monkeypatch.setattr(programs.Program, "run", lambda *given: counts.append(1) or run(*given))
    return counts
