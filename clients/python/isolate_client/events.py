"""Server-sent events."""

from __future__ import annotations

import json
from typing import Any, Iterable, Iterator, List, NamedTuple


class Event(NamedTuple):
    """An event of a stream: its kind, such as ``log`` or ``result``, and its data."""

    type: str
    data: Any


def events_of(lines: Iterable[bytes]) -> Iterator[Event]:
    """Yields the events in the lines of a response. Comments keep the connection open alone."""
    kind = "message"
    data: List[str] = []
    for line in lines:
        text = line.decode("utf-8").rstrip("\r\n")
        if text == "":
            if data:
                yield Event(kind, json.loads("\n".join(data)))
            kind, data = "message", []
            continue
        name, _, value = text.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
