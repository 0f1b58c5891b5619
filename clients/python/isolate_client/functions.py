"""Functions: code that is deployed once, and called by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Union, cast

from .pages import pages
from .runs import MISSING, run, stream, submit, with_input
from .transport import EventStream, Transport, segment
from .types import Accepted, Answer, Function, FunctionVersion

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .types import DeployFields, FileFields


class Functions:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def deploy(
        self,
        name: str,
        code: Optional[str] = None,
        *,
        files: Optional[Dict[str, str]] = None,
        **fields: Unpack[DeployFields],
    ) -> FunctionVersion:
        """Adds a version, of one module or of several files. Calls use it from now on."""
        body: Dict[str, Any] = dict(fields)
        if code is not None:
            body["code"] = code
        if files is not None:
            body["files"] = files
        return cast(FunctionVersion, self._transport.call("PUT", _path(name), body=body))

    def redeploy(
        self, name: str, *, version: Optional[int] = None, update: bool = False
    ) -> FunctionVersion:
        """Deploys the files of a version again, by default those of the current one."""
        body: Dict[str, Any] = {"update": update, **_version(version)}
        answer = self._transport.call("POST", f"{_path(name)}/redeploy", body=body)
        return cast(FunctionVersion, answer)

    def invoke(
        self,
        name: str,
        input: Any = MISSING,
        *,
        version: Optional[int] = None,
        idempotency_key: Optional[str] = None,
        **fields: Unpack[FileFields],
    ) -> Answer:
        """Calls a function, and returns how it ended."""
        body = with_input({**_version(version), **fields}, input)
        return run(self._transport, f"{_path(name)}/invoke", body, idempotency_key)

    def stream(
        self,
        name: str,
        input: Any = MISSING,
        *,
        version: Optional[int] = None,
        **fields: Unpack[FileFields],
    ) -> EventStream:
        """Calls a function, and returns its events as they happen."""
        body = with_input({**_version(version), **fields}, input)
        return stream(self._transport, f"{_path(name)}/invoke", body)

    def submit(
        self,
        name: str,
        input: Any = MISSING,
        *,
        version: Optional[int] = None,
        callback: Optional[str] = None,
        idempotency_key: Optional[str] = None,
        **fields: Unpack[FileFields],
    ) -> Accepted:
        """Has a function called later. `jobs.wait` waits for its answer."""
        body = with_input({**_version(version), **fields}, input)
        path = f"{_path(name)}/invoke"
        return submit(self._transport, path, body, callback, idempotency_key)

    def list(self) -> Iterator[Function]:
        """Yields all functions, by name."""
        return pages(self._transport, "/functions", "functions", {})

    def get(self, name: str) -> Function:
        return cast(Function, self._transport.call("GET", _path(name)))

    def versions(self, name: str) -> List[FunctionVersion]:
        """Returns the newest hundred versions, without their files."""
        answer = self._transport.call("GET", f"{_path(name)}/versions")
        return cast("List[FunctionVersion]", answer["versions"])

    def version(self, name: str, version: int) -> FunctionVersion:
        """Returns one version, with its files."""
        path = f"{_path(name)}/versions/{segment(version)}"
        return cast(FunctionVersion, self._transport.call("GET", path))

    def rollback(self, name: str, version: int) -> Function:
        """Has calls use another version."""
        body = {"version": version}
        return cast(Function, self._transport.call("POST", f"{_path(name)}/rollback", body=body))

    def delete(self, name: str) -> None:
        self._transport.call("DELETE", _path(name))

    def logs(
        self,
        name: str,
        *,
        level: Optional[str] = None,
        version: Optional[int] = None,
        since: Optional[str] = None,
    ) -> Iterator[Dict[str, Any]]:
        """Yields what the function's executions have logged, the newest execution first."""
        query = {"level": level, "version": version, "since": since}
        return pages(self._transport, f"{_path(name)}/logs", "executions", query, "cursor")

    def follow(
        self, name: str, *, level: Optional[str] = None, version: Optional[int] = None
    ) -> EventStream:
        """Returns `logs` and `dropped` events as entries are written, until the server ends."""
        query: Dict[str, Union[str, int, None]] = {"level": level, "version": version}
        query["follow"] = "true"
        return self._transport.stream("GET", f"{_path(name)}/logs", query=query)


def _path(name: str) -> str:
    return f"/functions/{segment(name)}"


def _version(version: Optional[int]) -> Dict[str, Any]:
    return {} if version is None else {"version": version}
