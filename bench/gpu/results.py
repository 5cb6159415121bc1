"""One JSON for each device: what the sections found, beside the machine's description."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
from pathlib import Path

import strate as st
from peers import machine

ROOT = Path(__file__).parents[2]


def asked(description: str) -> bool:
    """Whether the command line asks for tiny sizes; without a device nothing runs."""
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, formatter_class=shape)
    parser.add_argument("--tiny", action="store_true", help="sizes that the executor of the tests can do")
    tiny = parser.parse_args().tiny
    if not st.cuda.is_available():
        raise SystemExit(f"no device: {st.cuda.why_not()}")
    if st.cuda.name() == "executor" and not tiny:
        raise SystemExit("this is the executor of the tests, not a GPU: only --tiny makes sense")
    return tiny


def keep(section: str, found: object) -> None:
    """Put what a section found into the device's file; what other sections found stays."""
    path = _path()
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept = {"machine": described(), **{name: value for name, value in kept.items() if name != "machine"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept | {section: found}, indent=1) + "\n", encoding="utf-8")
    print(f"kept in {path}")


def described() -> dict:
    """The device beside the rest of the machine."""
    return {"device": st.cuda.name(), "device_bytes": st.cuda.memory()["total"], **machine.describe()}


def _path() -> Path:
    if "STRATE_RESULTS" in os.environ:
        return Path(os.environ["STRATE_RESULTS"])
    name = re.sub(r"\W+", "_", st.cuda.name().lower())
    return ROOT / "bench" / "results" / f"gpu_{name}.json"


def has_torch(tiny: bool) -> bool:
    """Whether the peer is there: PyTorch with CUDA, with tiny sizes any; if not, says so."""
    if importlib.util.find_spec("torch"):
        import torch

        if torch.cuda.is_available() or tiny:
            return True
    print("PyTorch with CUDA is not installed: nothing is compared with it")
    return False
