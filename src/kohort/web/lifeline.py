"""How a process of the server learns that it should end: by a signal, or because its supervisor is gone."""

import os
import select
import signal
from types import FrameType
from typing import Final

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)


class Lifeline:
    """One end of a pipe whose other end the supervisor holds open as long as it lives.

    >>> import os
    >>> ours, theirs = os.pipe()
    >>> lifeline = Lifeline(ours)
    >>> lifeline.wait(0)
    True
    >>> os.close(theirs)
    >>> lifeline.wait(60)
    False
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._wake, self._waker = os.pipe()
        self._stopped = False

    def stop_on_signals(self) -> None:
        """From now on, SIGTERM and SIGINT end the next wait, for good: also those that came before, held back."""
        for one in STOPPING:
            signal.signal(one, self._stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def wait(self, seconds: float) -> bool:
        """Wait so long; False as soon as this process should end."""
        if not self._stopped:
            ready, _, _ = select.select([self.descriptor, self._wake], [], [], seconds)
            self._stopped = bool(ready)
        return not self._stopped

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        os.write(self._waker, b".")
