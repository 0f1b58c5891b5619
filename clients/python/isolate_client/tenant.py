"""Keys, secrets, schedules and sets of packages of the key's own tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, cast

from .pages import pages
from .runs import MISSING, with_input
from .transport import Transport, segment
from .types import NewKey, Secret

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .types import ScheduleFields


def key_body(
    label: Optional[str], scopes: Optional[List[str]], expires_at: Optional[str]
) -> Dict[str, Any]:
    given = {"label": label, "scopes": scopes, "expiresAt": expires_at}
    return {name: value for name, value in given.items() if value is not None}


class Keys:
    """Keys of the tenant, as far as the client's own one reaches."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        *,
        label: Optional[str] = None,
        scopes: Optional[List[str]] = None,
        expires_at: Optional[str] = None,
    ) -> NewKey:
        """Creates a key that may no more than the client's own. Only this answer shows it."""
        body = key_body(label, scopes, expires_at)
        return cast(NewKey, self._transport.call("POST", "/keys", body=body))

    def list(self) -> List[Dict[str, Any]]:
        return cast("List[Dict[str, Any]]", self._transport.call("GET", "/keys")["keys"])

    def revoke(self, id: str) -> None:
        self._transport.call("DELETE", f"/keys/{segment(id)}")


class Secrets:
    """Secrets of the tenant. No call reads a value."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(self, name: str, value: str) -> Secret:
        body = {"value": value}
        return cast(Secret, self._transport.call("PUT", f"/secrets/{segment(name)}", body=body))

    def get(self, name: str) -> Secret:
        return cast(Secret, self._transport.call("GET", f"/secrets/{segment(name)}"))

    def list(self) -> Iterator[Secret]:
        """Yields all secrets, by name."""
        return pages(self._transport, "/secrets", "secrets", {})

    def delete(self, name: str) -> None:
        self._transport.call("DELETE", f"/secrets/{segment(name)}")


class Schedules:
    """Times at which functions are called."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def put(
        self,
        function: str,
        id: str,
        cron: str,
        input: Any = MISSING,
        **fields: Unpack[ScheduleFields],
    ) -> Dict[str, Any]:
        """Has a function called at certain times. A schedule with that id is replaced."""
        body = with_input({"cron": cron, **fields}, input)
        return cast("Dict[str, Any]", self._transport.call("PUT", _schedule(function, id), body=body))

    def get(self, function: str, id: str) -> Dict[str, Any]:
        return cast("Dict[str, Any]", self._transport.call("GET", _schedule(function, id)))

    def list(self, function: str) -> Iterator[Dict[str, Any]]:
        """Yields all schedules of a function, by id."""
        path = f"/functions/{segment(function)}/schedules"
        return pages(self._transport, path, "schedules", {})

    def runs(self, function: str, id: str) -> List[Dict[str, Any]]:
        """Returns the last hundred due times, the newest first."""
        answer = self._transport.call("GET", f"{_schedule(function, id)}/runs")
        return cast("List[Dict[str, Any]]", answer["runs"])

    def delete(self, function: str, id: str) -> None:
        self._transport.call("DELETE", _schedule(function, id))


class Packages:
    """Prepared sets of packages: the tenant's own, or with another base those for all tenants."""

    def __init__(self, transport: Transport, base: str) -> None:
        self._transport = transport
        self._base = base

    def put(
        self,
        set: str,
        dependencies: Dict[str, str],
        *,
        overrides: Optional[Dict[str, Any]] = None,
    ) -> Dict[str, Any]:
        body: Dict[str, Any] = {"dependencies": dependencies}
        if overrides is not None:
            body["overrides"] = overrides
        path = f"{self._base}/{segment(set)}"
        return cast("Dict[str, Any]", self._transport.call("PUT", path, body=body))

    def get(self, set: str) -> Dict[str, Any]:
        return cast("Dict[str, Any]", self._transport.call("GET", f"{self._base}/{segment(set)}"))

    def list(self) -> Iterator[Dict[str, Any]]:
        return pages(self._transport, self._base, "sets", {})

    def delete(self, set: str) -> None:
        self._transport.call("DELETE", f"{self._base}/{segment(set)}")


def _schedule(function: str, id: str) -> str:
    return f"/functions/{segment(function)}/schedules/{segment(id)}"
