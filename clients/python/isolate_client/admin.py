"""Calls with the operator's key."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Optional, cast

from .pages import pages
from .tenant import Packages, key_body
from .transport import Transport, segment
from .types import NewKey

Shown = Dict[str, Any]


class Admin:
    """Manages tenants and their keys, and tells of all of them."""

    #: Sets of packages that all tenants may use.
    packages: Packages

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.packages = Packages(transport, "/admin/packages")

    def put_tenant(self, id: str, settings: Optional[Mapping[str, Any]] = None) -> Shown:
        """Creates a tenant, or replaces its settings."""
        return self._told("PUT", _path(id), dict(settings or {}))

    def patch_tenant(self, id: str, patch: Mapping[str, Any]) -> Shown:
        """Changes the settings that a patch names. None removes one."""
        return self._told("PATCH", _path(id), dict(patch))

    def tenant(self, id: str) -> Shown:
        """Returns a tenant, with what it has used today."""
        return self._told("GET", _path(id))

    def tenants(self) -> Iterator[Shown]:
        """Yields all tenants, by id."""
        return pages(self._transport, "/admin/tenants", "tenants", {})

    def suspend_tenant(self, id: str, reason: Optional[str] = None) -> Shown:
        """Refuses everything of a tenant, and ends what it runs."""
        return self._told("POST", f"{_path(id)}/suspend", {} if reason is None else {"reason": reason})

    def resume_tenant(self, id: str) -> Shown:
        return self._told("POST", f"{_path(id)}/resume")

    def delete_tenant(self, id: str) -> None:
        """Deletes a tenant with all its data, and ends its executions."""
        self._transport.call("DELETE", _path(id))

    def create_key(
        self,
        tenant: str,
        *,
        label: Optional[str] = None,
        scopes: Optional[List[str]] = None,
        expires_at: Optional[str] = None,
    ) -> NewKey:
        """Creates a key of a tenant. Only this answer shows it."""
        body = key_body(label, scopes, expires_at)
        return cast(NewKey, self._told("POST", f"{_path(tenant)}/keys", body))

    def keys(self, tenant: str) -> List[Shown]:
        return cast("List[Shown]", self._told("GET", f"{_path(tenant)}/keys")["keys"])

    def revoke_key(self, tenant: str, id: str) -> None:
        self._transport.call("DELETE", f"{_path(tenant)}/keys/{segment(id)}")

    def usage(self, **query: Any) -> Shown:
        """Returns the use of all tenants. Default: of the last 30 days, by tenant."""
        return cast(Shown, self._transport.call("GET", "/admin/usage", query=query))

    def nodes(self) -> List[Shown]:
        """Returns the servers that share the store."""
        return cast("List[Shown]", self._told("GET", "/admin/nodes")["nodes"])

    def executions(self, **query: Any) -> Iterator[Shown]:
        """Yields the executions of all tenants, the newest first."""
        return pages(self._transport, "/admin/executions", "executions", query, "cursor")

    def audit(self, **query: Any) -> Iterator[Shown]:
        """Yields administrative changes, the newest first."""
        return pages(self._transport, "/admin/audit", "entries", query, "cursor")

    def _told(self, method: str, path: str, body: Optional[Shown] = None) -> Shown:
        return cast(Shown, self._transport.call(method, path, body=body))


def _path(id: str) -> str:
    return f"/admin/tenants/{segment(id)}"
