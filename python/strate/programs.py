"""Work on the CPU without Python: what it ran is recorded once for a shape of batch, then replayed.

What a small network costs is calls: some twenty ops a step, each of a few microseconds in Python and in the
checks of the engine. A recording is the list of kernels that ran, with their arguments; replayed it runs the
same kernels on the same memory, so the results are the same bits.
"""

from __future__ import annotations

from strate import _core
from strate.tensor import Tensor

MET, AS_IT_IS = "met once", "not to be recorded"
MOST_PROGRAMS = 8
MOST_BYTES = 256 << 20  # that all recordings of a piece of work keep
MOST_BYTES_A_CALL = 2 << 20  # a call that passes more takes so long that what calling costs does not matter


class Program:
    """A recorded piece of work: its own inputs, which `run` fills, and what comes out."""

    def __init__(self, work, inputs: tuple[Tensor, ...], theta: Tensor):
        self.inputs = tuple(given.copy() for given in inputs)
        self.theta = theta  # that it was recorded with
        self.recording = _core.CpuRecording()
        try:
            self.results = work(*self.inputs)
        finally:
            self.recording.end()

    @property
    def nbytes(self) -> int:
        """Of the memory that it keeps."""
        return self.recording.nbytes + sum(own.nbytes for own in self.inputs)

    @property
    def useful(self) -> bool:
        """Whether kernels alone did the work, and it is worth its memory."""
        return self.recording.whole and self.nbytes <= MOST_BYTES_A_CALL * self.recording.calls

    def run(self, inputs: tuple):
        """The same for other inputs like them, tensors or arrays; the next run overwrites the results."""
        self.recording.replay_for(self.inputs, inputs)
        return self.results


class Programs:
    """Recordings of one piece of work, by what it was given: `_core.case_of` says what is alike."""

    def __init__(self):
        self.known: dict[bytes, object] = {}  # a Program, or one of the two words

    def find(self, given: tuple, theta: Tensor) -> Program | None:
        """What was recorded for tensors of these shapes and dtypes; arrays of real numbers count as such."""
        program = self.known.get(_core.case_of(given))
        return program if type(program) is Program and program.theta is theta else None

    def run(self, work, inputs: tuple[Tensor, ...], theta: Tensor):
        """What `work(*inputs)` returns, and whether it was replayed."""
        key = _core.case_of(inputs)
        met = self.known.get(key)
        if type(met) is Program and met.theta is theta:
            return met.run(inputs), True
        if key is None:
            return work(*inputs), False
        if met is None:  # the first of its kind makes what is made once
            if len(self.known) >= MOST_PROGRAMS:
                del self.known[next(iter(self.known))]
            self.known[key] = MET
        if met in (None, AS_IT_IS):
            return work(*inputs), False
        self.known[key] = MET  # what was recorded with another theta goes
        program = Program(work, inputs, theta)
        memory = program.nbytes + sum(kept.nbytes for kept in self.known.values() if type(kept) is Program)
        self.known[key] = program if program.useful and memory <= MOST_BYTES else AS_IT_IS
        return program.results, False
