"""Requests to one server, with one key."""

from __future__ import annotations

import http.client
import json
import selectors
import threading
import time
from types import TracebackType
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple, Type
from urllib.parse import quote, urlencode, urlsplit

from .errors import IsolateError, error_of
from .events import Event, events_of

#: Most bytes of an error that are read.
_MAX_ERROR = 1_048_576
#: Most seconds of one pause before a repetition.
_LONGEST_PAUSE = 60.0
_REPEATED = (429, 503)


class Transport:
    """Sends requests over one connection at a time. Each stream has a connection of its own."""

    def __init__(self, url: str, key: Optional[str], timeout: float, retries: int) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or parts.hostname is None:
            raise ValueError(f"Expected a URL such as http://127.0.0.1:8787, not {url!r}")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("Expected a URL without a user, a query and a fragment")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._base = parts.path.rstrip("/")
        self._key = key
        self._timeout = timeout
        self._retries = retries
        self._kept: Optional[http.client.HTTPConnection] = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Closes the connection. A later request opens another one."""
        with self._lock:
            self._drop()

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        headers: Optional[Mapping[str, Optional[str]]] = None,
    ) -> Any:
        """Returns the JSON of an answer, or None for an empty one.

        Raises IsolateError for an error answer, and OSError where none arrives.
        """
        for attempt in range(self._retries + 1):
            status, told, content = self._exchange(method, path, body, query, headers)
            if status < 300:
                return json.loads(content) if content else None
            error = error_of(status, told, content)
            self._pause_after(error, attempt)
        raise AssertionError("unreachable")

    def stream(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        headers: Optional[Mapping[str, Optional[str]]] = None,
    ) -> "EventStream":
        """Returns the events of an answer. Raises as `call` does."""
        more: Dict[str, Optional[str]] = dict(headers or {})
        more["Accept"] = "text/event-stream"
        for attempt in range(self._retries + 1):
            connection = self._connection()
            try:
                response = self._send(connection, method, path, body, query, more)
                told = _headers(response)
                if response.status < 300:
                    return EventStream(connection, response, told)
                error = error_of(response.status, told, response.read(_MAX_ERROR))
            except http.client.HTTPException as fault:
                connection.close()
                raise _broken(fault) from fault
            except BaseException:
                connection.close()
                raise
            connection.close()
            self._pause_after(error, attempt)
        raise AssertionError("unreachable")

    def _pause_after(self, error: IsolateError, attempt: int) -> None:
        """Waits for the next attempt, or raises the error if there is none."""
        if attempt == self._retries or not _may_pass(error):
            raise error
        time.sleep(min(error.retry_after or 0.0, _LONGEST_PAUSE))

    def _exchange(
        self,
        method: str,
        path: str,
        body: Any,
        query: Optional[Mapping[str, Any]],
        headers: Optional[Mapping[str, Optional[str]]],
    ) -> Tuple[int, Dict[str, str], bytes]:
        with self._lock:
            # A request that may have arrived is never sent twice: it could run code again.
            if self._kept is not None and _has_ended(self._kept):
                self._drop()
            connection = self._kept = self._kept or self._connection()
            try:
                response = self._send(connection, method, path, body, query, headers)
                limit = None if response.status < 300 else _MAX_ERROR
                content = response.read(limit)
                if not response.isclosed():
                    self._drop()
                return response.status, _headers(response), content
            except http.client.HTTPException as fault:
                self._drop()
                raise _broken(fault) from fault
            except BaseException:
                self._drop()
                raise

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Any,
        query: Optional[Mapping[str, Any]],
        headers: Optional[Mapping[str, Optional[str]]],
    ) -> http.client.HTTPResponse:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        url = f"{self._base}{path}" + (f"?{urlencode(given)}" if given else "")
        sent = {"Accept": "application/json"}
        if self._key is not None:
            sent["Authorization"] = f"Bearer {self._key}"
        content = None
        if body is not None:
            content = _json(body)
            sent["Content-Type"] = "application/json"
        sent.update({name: value for name, value in (headers or {}).items() if value is not None})
        connection.request(method, url, body=content, headers=sent)
        return connection.getresponse()

    def _connection(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None


class EventStream(Iterator[Event]):
    """Events as they arrive. Closing it, or leaving its `with`, ends the execution."""

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        headers: Mapping[str, str],
    ) -> None:
        self._connection = connection
        self._response = response
        self._headers = headers
        self._events = events_of(response)
        self._over = False

    def __next__(self) -> Event:
        if self._over:
            raise StopIteration
        try:
            event = next(self._events, None)
        except http.client.HTTPException as fault:
            self.close()
            raise _broken(fault) from fault
        except BaseException:
            self.close()
            raise
        if event is None:
            self.close()
            raise ConnectionError("The connection ended before the last event")
        if event.type in ("result", "error", "end"):
            self.close()
        if event.type == "error":
            raise IsolateError(self._response.status, event.data["error"], self._headers)
        if event.type == "end":
            raise StopIteration
        return event

    def close(self) -> None:
        """Closes the connection. An execution that still runs ends."""
        self._over = True
        self._response.close()
        self._connection.close()

    def __enter__(self) -> "EventStream":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._over:
            self.close()


def segment(text: object) -> str:
    """Encodes a text as one segment of a path."""
    encoded = quote(str(text), safe="")
    if encoded in ("", ".", ".."):
        raise ValueError(f"{text!r} cannot be a name")
    return encoded


def _json(body: Any) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        # Half a surrogate pair has no UTF-8, but an escape.
        return json.dumps(body, allow_nan=False).encode("ascii")


def _may_pass(error: IsolateError) -> bool:
    return error.status in _REPEATED and error.retry_after is not None


def _headers(response: http.client.HTTPResponse) -> Dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _has_ended(connection: http.client.HTTPConnection) -> bool:
    """Tells whether a server has closed an idle connection: then it can be read."""
    if connection.sock is None:
        return False
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _broken(fault: http.client.HTTPException) -> ConnectionError:
    return ConnectionError(f"The answer is no whole HTTP response: {fault!r}")
