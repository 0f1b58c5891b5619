"""Sessions: executions that share globals and files."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Optional, Type, cast

from .errors import IsolateError
from .runs import MISSING, with_input
from .transport import Transport, segment
from .types import SessionAnswer, SessionInfo

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .types import SessionRunFields


class Session:
    """A session on the server that has begun it. Leaving the `with` ends it."""

    id: str

    def __init__(self, transport: Transport, id: str) -> None:
        self._transport = transport
        self._path = f"/sessions/{segment(id)}"
        self.id = id

    def execute(
        self, code: str, input: Any = MISSING, **fields: Unpack[SessionRunFields]
    ) -> SessionAnswer:
        """Runs code. Raises IsolateError with code SESSION_ENDED once the session has ended."""
        body = with_input({"code": code, **fields}, input)
        return cast(SessionAnswer, self._transport.call("POST", f"{self._path}/execute", body=body))

    def info(self) -> SessionInfo:
        """Returns how the session is."""
        return cast(SessionInfo, self._transport.call("GET", self._path))

    def end(self) -> None:
        """Ends the session, with what it may be running."""
        self._transport.call("DELETE", self._path)

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        try:
            self.end()
        except IsolateError as refusal:
            # It may have ended by itself.
            if refusal.code not in ("SESSION_ENDED", "SESSION_NOT_FOUND"):
                raise
