"""What nvcc made of the CUDA library, read without a GPU: python .ci/cuda_code.py LIBRARY CUDA_ROOT.

Lists the kernels of each architecture, and fails where a hot kernel keeps variables in local memory (a
spill, or an array whose index the compiler did not know), where a product lacks the instructions that make
it fast, where the architectures hold different kernels, and where the library lacks code for an
architecture or shows more than one symbol.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ARCHITECTURES = ["sm_80", "sm_90"]
PTX = ["sm_90"]  # as text, compiled by the driver for what comes after

# Kernels in which time is spent, by their demangled names: no local memory.
HOT = [
    r"product",
    r"conv2d",
    r"dense",
    r"pool2d",
    r"batch_norm",
    r"layer_norm",
    r"activation",
    r"softmax|cross_entropy",
    r"sgd|adaptive",
    r"dropout",
    r"direct_(forward|input|weight)|sum",
]

# What must stand in the machine code: tensor cores, loads of their fragments, copies that bypass registers.
REQUIRED = {
    r"TensorProduct<": ["HMMA", "LDGSTS"],
    r"TensorProduct<.*(Matrix|Pixels)<float, true>": ["LDSM"],
    r"BFloat16Product<": ["HMMA", "LDGSTS", "LDSM"],
    r"ExactProduct<": ["LDGSTS"],
}


def output(*command) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


def demangled(names: list[str]) -> dict[str, str]:
    done = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True)
    return dict(zip(names, done.stdout.splitlines(), strict=True))


def resources(cuobjdump: Path, library: Path) -> dict[str, dict[str, dict[str, int]]]:
    """{architecture: {kernel: {"REG": registers, "STACK": bytes, "SHARED": bytes, "LOCAL": bytes}}}"""
    found, arch, kernel = defaultdict(dict), "", ""
    for line in output(cuobjdump, "-res-usage", library).splitlines():
        if named := re.match(r"arch = (\w+)", line):
            arch = named[1]
        elif named := re.match(r" Function (\S+):", line):
            kernel = named[1]
        elif "REG:" in line:
            numbers = re.findall(r"(REG|STACK|SHARED|LOCAL):(\d+)", line)
            found[arch][kernel] = {key: int(number) for key, number in numbers}
    return found


def instructions(cuobjdump: Path, library: Path, arch: str) -> dict[str, set[str]]:
    """{kernel: the instructions in its machine code}"""
    found, kernel = defaultdict(set), ""
    for line in output(cuobjdump, "-sass", "-arch", arch, library).splitlines():
        if named := re.match(r"\s+Function : (\S+)", line):
            kernel = named[1]
        elif code := re.match(r"\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z0-9]+)", line):
            found[kernel].add(code[1])
    return found


def check(arch: str, used: dict[str, dict[str, int]], code: dict[str, set[str]]) -> list[str]:
    problems, names = [], demangled(sorted(used))
    for pattern in REQUIRED:
        if not any(re.search(pattern, name) for name in names.values()):
            problems.append(f"{arch}: no kernel is named {pattern}")
    for mangled, name in sorted(names.items(), key=lambda item: item[1]):
        numbers, hot = used[mangled], any(re.search(pattern, name) for pattern in HOT)
        local = numbers["STACK"] + numbers["LOCAL"]
        if hot:
            use = f"{numbers['REG']:3} registers {numbers['SHARED']:6} B shared {local:5} B local"
            print(f"  {use}  {name[:110]}")
        where = f"{arch}: {name}"
        if hot and (local or code[mangled] & {"STL", "LDL"}):
            problems.append(f"{where} keeps {local} bytes in local memory")
        for pattern, required in REQUIRED.items():
            missing = set(required) - code[mangled] if re.search(pattern, name) else set()
            problems += [f"{where} has no {instruction}" for instruction in sorted(missing)]
    return problems


def main(library: Path, root: Path) -> int:
    cuobjdump = root / "bin" / "cuobjdump"
    problems, used = [], resources(cuobjdump, library)
    with ThreadPoolExecutor() as pool:
        listed = list(pool.map(partial(instructions, cuobjdump, library), ARCHITECTURES))
    for arch, code in zip(ARCHITECTURES, listed, strict=True):
        kernels = used.get(arch, {})
        print(f"{arch}: {len(kernels)} kernels")
        if not kernels:
            problems.append(f"{library} has no code for {arch}")
        if set(kernels) != set(used[ARCHITECTURES[0]]):
            problems.append(f"{arch} and {ARCHITECTURES[0]} have different kernels")
        problems += check(arch, kernels, code)
    texts = set(re.findall(r"\.(sm_\w+)\.ptx", output(cuobjdump, "-lptx", library)))
    if texts != set(PTX):
        problems.append(f"{library} has PTX for {sorted(texts)}, not for {PTX}")
    visible = output("nm", "-D", "--defined-only", library).split()[2::3]
    if len(visible) != 1:
        problems.append(f"{library} shows {sorted(visible)}, not one function")
    print(f"{library}: {library.stat().st_size / 1e6:.2f} MB, {visible}")
    for problem in problems:
        print(f"error: {problem}")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
