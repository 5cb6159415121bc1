"""Ctrl-C during training: the first asks for an end after the batch, the second ends at once."""

from __future__ import annotations

import signal
import threading


class Interrupt:
    """While entered in the main thread, SIGINT sets `requested`; a second one raises KeyboardInterrupt.

    In any other thread, and where the program ignores SIGINT, nothing is changed.
    """

    def __init__(self) -> None:
        self.requested = False
        self._previous = None

    def __enter__(self) -> Interrupt:
        current = signal.getsignal(signal.SIGINT)
        handled = current not in (None, signal.SIG_IGN)
        if handled and threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._receive)
        return self

    def __exit__(self, *_) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None

    def _receive(self, number, frame) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
