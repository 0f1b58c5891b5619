"""Lists that arrive in pages."""

from __future__ import annotations

from typing import Any, Dict, Iterator, Mapping

from .transport import Transport


def pages(
    transport: Transport,
    path: str,
    field: str,
    query: Mapping[str, Any],
    place: str = "after",
) -> Iterator[Any]:
    """Yields the members of all pages. The next page is asked for once the one before is used up."""
    asked: Dict[str, Any] = dict(query)
    while True:
        page = transport.call("GET", path, query=asked)
        yield from page[field]
        if page.get("next") is None:
            return
        asked[place] = page["next"]
