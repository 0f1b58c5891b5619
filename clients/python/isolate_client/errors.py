"""Errors that the server answers with."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, Optional


class IsolateError(Exception):
    """An error answer of the server, or an answer that is not the server's."""

    #: Stable code for programs, such as ``BAD_REQUEST``; ``UNKNOWN`` if the answer is not Isolate's.
    code: str
    #: HTTP status; in a stream, 200 if the error came after the first event.
    status: int
    #: Path of the wrong field in the request.
    field: Optional[str]
    #: Id of the request in the server's log.
    request_id: Optional[str]
    #: Seconds after which a repetition may succeed.
    retry_after: Optional[float]
    #: Place of the fault in the source of a deployment.
    location: Optional[Dict[str, Any]]

    def __init__(self, status: int, problem: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        message = problem.get("message")
        super().__init__(message or f"The server answered with status {status}")
        self.status = status
        self.code = str(problem.get("code", "UNKNOWN"))
        self.field = problem.get("field")
        self.location = problem.get("location")
        self.request_id = problem.get("requestId") or headers.get("x-request-id")
        self.retry_after = _seconds(headers.get("retry-after"))

    def __str__(self) -> str:
        return f"{self.code}: {super().__str__()}"


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> IsolateError:
    """Reads the error in a response. The registry's routes have a shape of their own."""
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    problem: Mapping[str, Any] = {}
    if isinstance(told, dict):
        error = told.get("error")
        if isinstance(error, dict):
            problem = error
        elif isinstance(error, str):
            problem = {"message": error, **({"code": told["code"]} if "code" in told else {})}
    return IsolateError(status, problem, headers)


def _seconds(text: Optional[str]) -> Optional[float]:
    try:
        return max(0.0, float(text)) if text is not None else None
    except ValueError:
        return None
