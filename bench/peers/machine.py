"""What the numbers were measured on."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
from datetime import date
from importlib.metadata import version
from pathlib import Path

# What may hold a library to an instruction set, or to a number of threads.
VARIABLES = (
    "STRATE_ISA",
    "STRATE_NUM_THREADS",
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "MKL_ENABLE_INSTRUCTIONS",
    "OPENBLAS_CORETYPE",
    "XLA_FLAGS",
    "OMP_NUM_THREADS",
    "THP_MEM_ALLOC_ENABLE",
)
PEERS = {"jax": "jax", "scikit-learn": "sklearn", "onnxruntime": "onnxruntime"}


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""


def _processor() -> str:
    text = _cpuinfo()
    if not text:
        return platform.processor()
    found = {
        key: match.group(1).strip()
        for key in ("model name", "cpu family", "model")
        if (match := re.search(rf"^{key}\s*:\s*(.+)$", text, re.MULTILINE))
    }
    name, family, model = (found.get(key, "?") for key in ("model name", "cpu family", "model"))
    return f"{name} (family {family}, model {model})"


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def is_held_back() -> bool:
    """Whether strate is held to less than AVX-512 on a processor that has it."""
    import strate as st

    return "avx512f" in _cpuinfo().split() and st.isa() != "avx512"


def installed(name: str) -> bool:
    """Whether a peer is there; if not, says so."""
    if importlib.util.find_spec(PEERS[name]):
        return True
    print(f"{name} is left out: it is not installed")
    return False


def _torch() -> dict:
    """PyTorch, where it is installed."""
    if not importlib.util.find_spec("torch"):
        return {}
    import torch

    return {
        "torch": torch.__version__,
        "torch_capability": torch.backends.cpu.get_cpu_capability(),
        "torch_threads": torch.get_num_threads(),
    }


def describe() -> dict:
    """Processor, cores, system, versions and environment, as plain JSON."""
    import numpy

    import strate as st

    return {
        "date": date.today().isoformat(),
        "processor": _processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "strate": st.__version__,
        "strate_isa": st.isa(),
        "strate_threads": st.num_threads(),
        **_torch(),
        "huge_pages": os.environ.get("THP_MEM_ALLOC_ENABLE", "0") == "1",
        **{name: version(name) for name, module in PEERS.items() if importlib.util.find_spec(module)},
        "environment": {name: os.environ[name] for name in VARIABLES if name in os.environ},
    }
