"""Training steps, inference and single convolutions of strate beside its peers, in one run on one machine.

All sides are held to AVX2 on a processor that has more by these variables, which `machine.describe` keeps:

    export STRATE_ISA=avx2 ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2
    export XLA_FLAGS=--xla_cpu_max_isa=AVX2 OPENBLAS_CORETYPE=Haswell
    export MKL_ENABLE_INSTRUCTIONS=AVX2  # on Intel's processors

ONNX Runtime has no such switch and is left out of such a run.
"""

import os

# Huge pages for PyTorch, its faster setting on most machines; it is read when torch is imported.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
