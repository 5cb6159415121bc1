"""Names that every doctest may use."""

from __future__ import annotations

import numpy
import pytest


@pytest.fixture(autouse=True)
def names_of_doctests(request):
    """`st` and `numpy`, for doctests only: an ordinary test imports what it needs."""
    if type(request.node).__name__ == "DoctestItem":
        import strate

        request.getfixturevalue("doctest_namespace").update(st=strate, numpy=numpy)
