"""Work of which the newest alone counts: while a slider moves it asks for more pictures than there
is time for.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock


class Latest:
    """One task at a time, on a thread of its own. What is asked for meanwhile waits, and all but
    the last of it is dropped.
    """

    def __init__(self):
        self._pool, self._lock = ThreadPoolExecutor(1), Lock()
        self._next: Callable[[], None] | None = None
        self._busy = self._closed = False

    def ask(self, task: Callable[[], None]) -> None:
        """Do a task as soon as the one under way has ended, unless another is asked for."""
        with self._lock:
            self._next = task
            if self._busy or self._closed:
                return
            self._busy = True
        self._pool.submit(self._work)

    def close(self) -> None:
        """Begin no more tasks."""
        with self._lock:
            self._next, self._closed = None, True
        self._pool.shutdown(wait=False)

    def _work(self) -> None:
        while True:
            with self._lock:
                task, self._next = self._next, None
                if task is None or self._closed:
                    self._busy = False
                    return
            task()
