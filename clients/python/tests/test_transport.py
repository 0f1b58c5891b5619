"""Tests connections, repetition and broken answers against a scripted listener."""

from __future__ import annotations

import socket
import threading
import time
import unittest
from typing import List

from isolate_client import Client, IsolateError, content_of
from isolate_client.runs import with_input

JSON = b"Content-Type: application/json\r\n"


def answer(status: str, body: bytes, head: bytes = b"") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status.encode() + b"\r\n" + JSON + length + head + b"\r\n" + body


BUSY = answer("503 Busy", b'{"error":{"code":"HOST_BUSY","message":"busy"}}', b"Retry-After: 0\r\n")
DOWN = answer("503 Down", b'{"error":{"code":"SHUTTING_DOWN","message":"down"}}')
GOOD = answer("200 OK", b'{"id":"t"}')


class Script:
    """A listener that answers each request with the next text; None closes the connection."""

    def __init__(self, *answers: bytes) -> None:
        self.requests: List[bytes] = []
        self.connections = 0
        self._answers = list(answers)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/base/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                while self._answers:
                    request = self._read(connection)
                    if request == b"":
                        break
                    self.requests.append(request)
                    text = self._answers.pop(0)
                    connection.sendall(text)
                    if b"Connection: close" in text or not text.startswith(b"HTTP/"):
                        break

    def _read(self, connection: socket.socket) -> bytes:
        text = b""
        while b"\r\n\r\n" not in text:
            part = connection.recv(65_536)
            if part == b"":
                return b""
            text += part
        return text

    def close(self) -> None:
        self._socket.close()


class TransportTest(unittest.TestCase):
    def script(self, *answers: bytes) -> Script:
        script = Script(*answers)
        self.addCleanup(script.close)
        return script

    def test_one_connection_and_the_path_below_a_base(self) -> None:
        script = self.script(GOOD, GOOD)
        with Client(script.url, "secret") as client:
            self.assertEqual([client.tenant(), client.usage(by="day")], [{"id": "t"}] * 2)
        self.assertEqual(script.connections, 1)
        self.assertTrue(script.requests[0].startswith(b"GET /base/tenant HTTP/1.1\r\n"))
        self.assertTrue(script.requests[1].startswith(b"GET /base/usage?by=day HTTP/1.1\r\n"))
        self.assertIn(b"Authorization: Bearer secret\r\n", script.requests[0])

    def test_bytes_of_files_are_base64(self) -> None:
        files = {"a": b"\xff\x00", "b": "text", "c": {"base64": "eA=="}}
        sent = {"a": {"base64": "/wA="}, "b": "text", "c": {"base64": "eA=="}}
        self.assertEqual(with_input({"files": files}, 1), {"files": sent, "input": 1})
        self.assertEqual(content_of({"path": "a", "bytes": 2, "base64": "/wA="}), b"\xff\x00")
        self.assertEqual(content_of({"path": "b", "bytes": 2, "text": "\u00e9"}), "\u00e9".encode())

    def test_repeats_only_when_asked_and_told_when(self) -> None:
        script = self.script(BUSY)
        with Client(script.url) as client, self.assertRaises(IsolateError) as busy:
            client.tenant()
        self.assertEqual((busy.exception.code, busy.exception.retry_after), ("HOST_BUSY", 0.0))
        script = self.script(BUSY, BUSY, GOOD)
        with Client(script.url, retries=2) as client:
            self.assertEqual(client.tenant(), {"id": "t"})
        script = self.script(DOWN, GOOD)
        with Client(script.url, retries=2) as client, self.assertRaises(IsolateError):
            client.tenant()
        self.assertEqual(len(script.requests), 1)

    def test_opens_a_new_connection_after_the_server_closed_one(self) -> None:
        script = self.script(GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), GOOD)
        with Client(script.url) as client:
            client.tenant()
            time.sleep(0.1)
            self.assertEqual(client.tenant(), {"id": "t"})

    def test_what_is_no_answer_is_an_error_of_the_connection(self) -> None:
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf"
        for text in (b"nonsense\r\n", whole, b"x"):
            script = self.script(text)
            with Client(script.url, timeout=5) as client, self.assertRaises(OSError):
                client.tenant()
        page = self.script(answer("502 Bad", b"<html>"))
        with Client(page.url) as client, self.assertRaises(IsolateError) as unknown:
            client.tenant()
        self.assertEqual((unknown.exception.status, unknown.exception.code), (502, "UNKNOWN"))

    def test_a_stream_that_breaks_is_no_end(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        log = b'event: log\ndata: {"message":"a"}\n\n'
        script = self.script(head + b": hello\n\n" + log)
        with Client(script.url) as client:
            events = client.stream("code")
            self.assertEqual(next(events).data, {"message": "a"})
            with self.assertRaises(OSError):
                next(events)
        failed = b'event: error\r\ndata: {"error":{"code":"INTERNAL",\r\ndata: "message":"m"}}\r\n\r\n'
        script = self.script(head + failed)
        with Client(script.url) as client, self.assertRaises(IsolateError) as error:
            list(client.stream("code"))
        self.assertEqual(error.exception.code, "INTERNAL")

    def test_bad_urls_are_refused_at_once(self) -> None:
        for url in ("localhost:8787", "ftp://a", "http://u:p@a", "http://a?b", "http://"):
            with self.assertRaises(ValueError):
                Client(url)


if __name__ == "__main__":
    unittest.main()
