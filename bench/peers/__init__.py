"""Training steps, inference and single convolutions of strate beside its peers, in one run on one machine.

All sides can be held to AVX2 on a processor that has more, by the environment:

    ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 STRATE_ISA=avx2 XLA_FLAGS=--xla_cpu_max_isa=AVX2
    OPENBLAS_CORETYPE=Haswell, and on Intel's processors MKL_ENABLE_INSTRUCTIONS=AVX2

ONNX Runtime has no such switch and is left out of such a run. `machine.describe` keeps these variables.
"""

import os

# Huge pages for PyTorch, its faster setting on most machines; it is read when torch is imported.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
