"""The client of one server, with one key."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Type, cast

from .admin import Admin
from .functions import Functions
from .jobs import Jobs
from .pages import pages
from .runs import MISSING, run, stream, submit, with_files, with_input
from .sessions import Session
from .tenant import Keys, Packages, Schedules, Secrets
from .transport import EventStream, Transport, segment
from .types import Accepted, Answer, Execution, SessionInfo

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .types import RunFields, SessionFields


class Client:
    """Runs code on a server, and manages what a key may.

    Mistakes of the code are in answers. Error answers of the server raise IsolateError, and
    connections that fail raise OSError.

    >>> client = Client("http://127.0.0.1:8787")  # doctest: +SKIP
    >>> client.execute("export default (x) => x * 2", 21)["result"]  # doctest: +SKIP
    42
    """

    functions: Functions
    jobs: Jobs
    keys: Keys
    secrets: Secrets
    schedules: Schedules
    packages: Packages
    #: Calls that need the operator's key.
    admin: Admin

    def __init__(
        self,
        url: str,
        key: Optional[str] = None,
        *,
        timeout: float = 120.0,
        retries: int = 0,
    ) -> None:
        """Makes a client, and no connection yet.

        `timeout` is the most seconds for which the server may send nothing. `retries` is how often
        a request is repeated that was refused with 429 or 503 and a `Retry-After`.
        """
        transport = Transport(url, key, timeout, retries)
        self._transport = transport
        self.functions = Functions(transport)
        self.jobs = Jobs(transport)
        self.keys = Keys(transport)
        self.secrets = Secrets(transport)
        self.schedules = Schedules(transport)
        self.packages = Packages(transport, "/packages")
        self.admin = Admin(transport)

    def execute(
        self,
        code: str,
        input: Any = MISSING,
        *,
        idempotency_key: Optional[str] = None,
        **fields: Unpack[RunFields],
    ) -> Answer:
        """Runs code once, and returns how it ended. Fields are those of the HTTP API."""
        body = with_input({"code": code, **fields}, input)
        return run(self._transport, "/execute", body, idempotency_key)

    def stream(
        self, code: str, input: Any = MISSING, **fields: Unpack[RunFields]
    ) -> EventStream:
        """Runs code once, and returns its events as they happen. Closing them ends it."""
        return stream(self._transport, "/execute", with_input({"code": code, **fields}, input))

    def submit(
        self,
        code: str,
        input: Any = MISSING,
        *,
        callback: Optional[str] = None,
        idempotency_key: Optional[str] = None,
        **fields: Unpack[RunFields],
    ) -> Accepted:
        """Has code run later. `jobs.wait` waits for its answer."""
        body = with_input({"code": code, **fields}, input)
        return submit(self._transport, "/execute", body, callback, idempotency_key)

    def batch(self, requests: Sequence[Mapping[str, Any]]) -> List[Dict[str, Any]]:
        """Runs several requests side by side. Returns an answer or an error for each."""
        body = {"requests": [with_files(request) for request in requests]}
        answer = self._transport.call("POST", "/execute/batch", body=body)
        return cast("List[Dict[str, Any]]", answer["results"])

    def plan(self, code: str, **fields: Unpack[RunFields]) -> Dict[str, Any]:
        """Returns what a request would be granted and refused. Runs nothing."""
        body = with_input({"code": code, **fields}, MISSING)
        return cast("Dict[str, Any]", self._transport.call("POST", "/plan", body=body))

    def start_session(self, **fields: Unpack[SessionFields]) -> Session:
        """Begins a session, whose executions share globals and files. Leaving its `with` ends it."""
        info = self._transport.call("POST", "/sessions", body=dict(fields))
        return Session(self._transport, info["id"])

    def session(self, id: str) -> Session:
        """Returns a session that was begun earlier. Asks the server nothing."""
        return Session(self._transport, id)

    def sessions(self) -> List[SessionInfo]:
        """Returns the sessions that live on the server which answers."""
        answer = self._transport.call("GET", "/sessions")
        return cast("List[SessionInfo]", answer["sessions"])

    def executions(self, **query: Any) -> Iterator[Execution]:
        """Yields past executions, the newest first: all those that a query finds."""
        return pages(self._transport, "/executions", "executions", query, "cursor")

    def execution(self, id: str) -> Execution:
        return cast(Execution, self._transport.call("GET", f"/executions/{segment(id)}"))

    def execution_logs(self, id: str) -> Dict[str, Any]:
        """Returns what an execution has logged, so far or in all."""
        path = f"/executions/{segment(id)}/logs"
        return cast("Dict[str, Any]", self._transport.call("GET", path))

    def tenant(self) -> Dict[str, Any]:
        """Returns the limits of the key's tenant, and its use of today."""
        return cast("Dict[str, Any]", self._transport.call("GET", "/tenant"))

    def usage(self, **query: Any) -> Dict[str, Any]:
        """Returns the use of the key's tenant. Default: of the last 30 days."""
        return cast("Dict[str, Any]", self._transport.call("GET", "/usage", query=query))

    def denials(self, **query: Any) -> Dict[str, Any]:
        """Returns what the code of the key's tenant was refused. Default: in the last 30 days."""
        return cast("Dict[str, Any]", self._transport.call("GET", "/usage/denials", query=query))

    def close(self) -> None:
        """Closes the connection."""
        self._transport.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()
