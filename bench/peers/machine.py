"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import re
from datetime import date
from pathlib import Path


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = {
        key: match.group(1).strip()
        for key in ("model name", "cpu family", "model")
        if (match := re.search(rf"^{key}\s*:\s*(.+)$", text, re.MULTILINE))
    }
    name, family, model = (found.get(key, "?") for key in ("model name", "cpu family", "model"))
    return f"{name} (family {family}, model {model})"


def describe() -> dict:
    """Processor, cores, system and versions, as plain JSON."""
    import numpy
    import torch

    import strate as st

    return {
        "date": date.today().isoformat(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "strate": st.__version__,
        "strate_isa": st.isa(),
        "strate_threads": st.num_threads(),
        "torch": torch.__version__,
        "torch_capability": torch.backends.cpu.get_cpu_capability(),
        "torch_threads": torch.get_num_threads(),
        "huge_pages": os.environ.get("THP_MEM_ALLOC_ENABLE", "0") == "1",
    }
