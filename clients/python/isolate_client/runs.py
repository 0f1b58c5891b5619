"""Routes that run code: with an answer at once, as events, or later."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, cast

from .transport import EventStream, Transport
from .types import Accepted, Answer


class _Missing:
    """Stands for an input that is not given: None is one."""

    def __repr__(self) -> str:
        return "…"


MISSING: Any = _Missing()


def with_input(fields: Mapping[str, Any], input: Any) -> Dict[str, Any]:
    return dict(fields) if input is MISSING else {**fields, "input": input}


def run(transport: Transport, path: str, body: Any, idempotency_key: Optional[str]) -> Answer:
    headers = {"Idempotency-Key": idempotency_key}
    return cast(Answer, transport.call("POST", path, body=body, headers=headers))


def stream(transport: Transport, path: str, body: Any) -> EventStream:
    return transport.stream("POST", path, body=body)


def submit(
    transport: Transport,
    path: str,
    body: Mapping[str, Any],
    callback: Optional[str],
    idempotency_key: Optional[str],
) -> Accepted:
    whole = dict(body) if callback is None else {**body, "callback": callback}
    headers = {"Prefer": "respond-async", "Idempotency-Key": idempotency_key}
    return cast(Accepted, transport.call("POST", path, body=whole, headers=headers))
