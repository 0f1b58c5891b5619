"""Routes that run code: with an answer at once, as events, or later."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any, Dict, Mapping, Optional, cast

from .transport import EventStream, Transport
from .types import Accepted, Answer, Artifact


class _Missing:
    """Stands for an input that is not given: None is one."""

    def __repr__(self) -> str:
        return "…"


MISSING: Any = _Missing()


def with_input(fields: Mapping[str, Any], input: Any) -> Dict[str, Any]:
    body = dict(fields) if input is MISSING else {**fields, "input": input}
    return with_files(body)


def with_files(body: Mapping[str, Any]) -> Dict[str, Any]:
    """Writes bytes of files as base64."""
    files = body.get("files")
    if not isinstance(files, Mapping):
        return dict(body)
    return {**body, "files": {path: _content(content) for path, content in files.items()}}


def _content(content: Any) -> Any:
    if isinstance(content, (bytes, bytearray, memoryview)):
        return {"base64": b64encode(content).decode("ascii")}
    return content


def content_of(artifact: Artifact) -> bytes:
    """Returns the bytes of a file that code has left.

    >>> content_of({"path": "a", "bytes": 1, "base64": "eA=="})
    b'x'
    """
    if "base64" in artifact:
        return b64decode(artifact["base64"], validate=True)
    return artifact["text"].encode("utf-8")


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
