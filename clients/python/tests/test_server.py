"""Tests the client against a server with keys, at ISOLATE_URL."""

from __future__ import annotations

import os
import threading
import unittest
from typing import List

from isolate_client import Client, IsolateError

URL = os.environ.get("ISOLATE_URL", "")
ADMIN_KEY = os.environ.get("ISOLATE_ADMIN_KEY", "")
DOUBLE = "export default (x) => x * 2"


@unittest.skipIf(URL == "", "needs ISOLATE_URL")
class ServerTest(unittest.TestCase):
    admin: Client
    client: Client

    @classmethod
    def setUpClass(cls) -> None:
        cls.admin = Client(URL, ADMIN_KEY)
        cls.admin.admin.put_tenant("py", {"concurrency": 8})
        key = cls.admin.admin.create_key("py", label="tests")
        cls.client = Client(URL, key["key"])

    @classmethod
    def tearDownClass(cls) -> None:
        cls.client.close()
        cls.admin.admin.delete_tenant("py")
        cls.admin.close()

    def test_execute(self) -> None:
        answer = self.client.execute(DOUBLE, 21)
        self.assertEqual((answer["ok"], answer["outcome"], answer["result"]), (True, "ok", 42))
        given = self.client.execute("export default (...all) => all[0]", None)
        self.assertIsNone(given["result"])
        self.assertNotIn("result", self.client.execute("export default (x) => x"))
        for text in ("größe ☃ 𝄞", "\ud800"):
            self.assertEqual(self.client.execute("export default (x) => x.length", text)["ok"], True)
        failed = self.client.execute("export default () => { throw new TypeError('no') }")
        self.assertEqual((failed["ok"], failed["logs"][-1]["name"]), (False, "TypeError"))
        kept = self.client.execution(answer["id"])
        self.assertEqual((kept["id"], kept["via"]), (answer["id"], "execute"))
        first = self.client.execute(DOUBLE, 1, idempotency_key="once")
        self.assertEqual(self.client.execute(DOUBLE, 1, idempotency_key="once")["id"], first["id"])
        results = self.client.batch([{"code": DOUBLE, "input": 4}, {"code": "export default 1"}])
        self.assertEqual([result.get("result") for result in results], [8, None])
        plan = self.client.plan(DOUBLE, permissions={"env": ["TZ"]})
        self.assertIsInstance(plan, dict)

    def test_sessions(self) -> None:
        with self.client.start_session(idle=60_000) as session:
            session.execute("globalThis.sum = 20; export default () => {}", timeout=20_000)
            answer = session.execute("export default (x) => sum + x", 1, timeout=20_000)
            self.assertEqual((answer["result"], answer["session"]["id"]), (21, session.id))
            self.assertEqual([each["id"] for each in self.client.sessions()], [session.id])
            self.assertEqual(self.client.session(session.id).info()["executions"], 2)
        with self.assertRaises(IsolateError) as caught:
            session.execute("export default () => 1")
        self.assertEqual((caught.exception.status, caught.exception.code), (410, "SESSION_ENDED"))
        with self.client.start_session() as ended:
            ended.end()

    def test_errors(self) -> None:
        with self.assertRaises(IsolateError) as caught:
            self.client.execute(DOUBLE, timeout=0)
        error = caught.exception
        self.assertEqual((error.status, error.code, error.field), (400, "BAD_REQUEST", "timeout"))
        self.assertRegex(error.request_id or "", "^[0-9a-f-]{36}$")
        self.assertIn("BAD_REQUEST", str(error))
        with Client(URL, "wrong") as stranger, self.assertRaises(IsolateError) as refused:
            stranger.tenant()
        self.assertEqual(refused.exception.status, 401)
        for name in ("", ".", ".."):
            with self.assertRaises(ValueError):
                self.client.functions.get(name)
        with self.assertRaises(IsolateError) as missing:
            self.client.functions.get("a/b?c")
        self.assertEqual(missing.exception.code, "BAD_REQUEST")

    def test_stream(self) -> None:
        code = "export default () => { console.log('one'); return 2 }"
        events = list(self.client.stream(code))
        self.assertEqual([event.type for event in events], ["log", "result"])
        self.assertEqual(events[-1].data["result"], 2)
        with self.assertRaises(IsolateError):
            self.client.stream(DOUBLE, timeout=0)
        # Leaving the `with` ends the execution.
        endless = "export default async () => { console.log('on'); await new Promise(() => setInterval(() => {}, 1e3)) }"
        with self.client.stream(endless, timeout=60_000) as running:
            self.assertEqual(next(running).data["message"], "on")
        self.assertEqual(list(running), [])
        # The client's own connection is not touched by it.
        self.assertEqual(self.client.execute(DOUBLE, 2)["result"], 4)

    def test_jobs(self) -> None:
        accepted = self.client.submit(DOUBLE, 3)
        self.assertEqual(accepted["status"], "queued")
        job = self.client.jobs.wait(accepted["id"], timeout=60)
        self.assertEqual((job["status"], job["answer"]["result"]), ("done", 6))
        with self.assertRaises(IsolateError) as over:
            self.client.jobs.cancel(accepted["id"])
        self.assertEqual(over.exception.code, "JOB_OVER")
        self.assertEqual(self.client.execution_logs(accepted["id"])["logs"], [])

    def test_functions(self) -> None:
        functions = self.client.functions
        self.assertEqual(functions.deploy("shout", "export default (x) => x")["version"], 1)
        files = {"main.ts": "import { up } from './up.ts'; export default (x: string) => { console.log(x); return up(x) }"}
        files["up.ts"] = "export const up = (x: string) => x.toUpperCase()"
        self.assertEqual(functions.deploy("shout", files=files)["version"], 2)
        self.assertEqual(functions.invoke("shout", "hey")["result"], "HEY")
        self.assertEqual(functions.invoke("shout", "hey", version=1)["result"], "hey")
        self.assertEqual([event.type for event in functions.stream("shout", "a")], ["log", "result"])
        job = self.client.jobs.wait(functions.submit("shout", "b")["id"], timeout=60)
        self.assertEqual(job["answer"]["result"], "B")
        logged = [entry["message"] for each in functions.logs("shout") for entry in each["logs"]]
        self.assertEqual(sorted(logged), ["a", "b", "hey"])
        self.assertEqual([each["version"] for each in functions.versions("shout")], [2, 1])
        self.assertEqual(set(functions.version("shout", 2)["files"]), {"main.ts", "up.ts"})
        self.assertEqual(functions.rollback("shout", 1)["current"], 1)
        self.assertEqual(functions.redeploy("shout", version=2)["version"], 3)
        schedules = self.client.schedules
        schedules.put("shout", "nightly", "0 3 * * *", "x", timezone="UTC", paused=True)
        self.assertEqual([each["id"] for each in schedules.list("shout")], ["nightly"])
        self.assertEqual(schedules.get("shout", "nightly")["input"], "x")
        self.assertEqual(schedules.runs("shout", "nightly"), [])
        schedules.delete("shout", "nightly")
        for index in range(51):
            functions.deploy(f"many-{index:02}", DOUBLE)
        self.assertEqual(len(list(functions.list())), 52)
        functions.delete("shout")

    def test_own_tenant(self) -> None:
        self.assertEqual(self.client.tenant()["id"], "py")
        self.assertEqual(self.client.usage(by="day")["by"], "day")
        self.assertIn("denials", self.client.denials())
        secret = self.client.secrets.put("TOKEN", "s3cret-token")
        self.assertEqual((secret["name"], secret["version"]), ("TOKEN", 1))
        self.assertEqual([each["name"] for each in self.client.secrets.list()], ["TOKEN"])
        self.client.secrets.delete("TOKEN")
        key = self.client.keys.create(label="reader", scopes=["read"])
        with Client(URL, key["key"]) as reader:
            self.assertEqual(reader.tenant()["id"], "py")
            with self.assertRaises(IsolateError) as refused:
                reader.execute(DOUBLE, 1)
            self.assertEqual(refused.exception.code, "WRONG_SCOPE")
        self.client.keys.revoke(key["id"])
        self.assertNotIn(key["id"], [each["id"] for each in self.client.keys.list()])

    def test_administration(self) -> None:
        admin = self.admin.admin
        admin.put_tenant("other", {"timeout": 1000})
        self.assertEqual(admin.patch_tenant("other", {"timeout": None}).get("timeout"), None)
        self.assertEqual(admin.suspend_tenant("other", "away")["suspended"]["reason"], "away")
        self.assertNotIn("suspended", admin.resume_tenant("other"))
        self.assertLessEqual({"other", "py"}, {each["id"] for each in admin.tenants()})
        self.assertEqual(admin.keys("other"), [])
        self.assertIn("tenant.suspend", [each["action"] for each in admin.audit()])
        self.assertEqual(len(admin.nodes()), 1)
        admin.delete_tenant("other")
        with self.assertRaises(IsolateError) as gone:
            admin.tenant("other")
        self.assertEqual(gone.exception.code, "TENANT_NOT_FOUND")

    def test_threads_use_one_client(self) -> None:
        results: List[int] = []

        def ask(value: int) -> None:
            results.append(self.client.execute(DOUBLE, value)["result"])

        threads = [threading.Thread(target=ask, args=(value,)) for value in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(results), [0, 2, 4, 6])


if __name__ == "__main__":
    unittest.main()
