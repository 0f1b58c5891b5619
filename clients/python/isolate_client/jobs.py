"""Executions that are answered later."""

from __future__ import annotations

import time
from typing import Optional, cast

from .transport import Transport, segment
from .types import Job

_FIRST_PAUSE = 0.05
_LAST_PAUSE = 2.0


class Jobs:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, id: str) -> Job:
        return cast(Job, self._transport.call("GET", f"/jobs/{segment(id)}"))

    def cancel(self, id: str) -> None:
        """Cancels a job. Raises IsolateError with code JOB_OVER if it has its answer already."""
        self._transport.call("DELETE", f"/jobs/{segment(id)}")

    def wait(self, id: str, *, timeout: Optional[float] = None) -> Job:
        """Asks until a job is done or cancelled. Raises TimeoutError after `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        pause = _FIRST_PAUSE
        while True:
            job = self.get(id)
            if job["status"] in ("done", "cancelled"):
                return job
            if end is not None and time.monotonic() + pause > end:
                raise TimeoutError(f"Job {id} is {job['status']} after {timeout} s")
            time.sleep(pause)
            pause = min(pause * 2, _LAST_PAUSE)
