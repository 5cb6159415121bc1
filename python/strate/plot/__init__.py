"""Pictures of data and models, as matplotlib figures: `st.plot.history(run).savefig("curve.png")`."""

from __future__ import annotations

from strate.plot.descent import descent
from strate.plot.filters import filters
from strate.plot.history import history
from strate.plot.images import images

__all__ = ["descent", "filters", "history", "images"]
