import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import {
  Refusal,
  type RefusalCode,
  refusalResponse,
  STATUS,
} from "../../../../src/destinations/refusal.ts";

const PAGE = new URL("../../../../docs/security/egress.md", import.meta.url);

it("every code and its status are in the documentation, and no others", async () => {
  const rows = (await readFile(PAGE, "utf8")).matchAll(
    /^\| `([A-Z_]+)` \| (\d+) \| (.+) \| (.+) \|$/gm,
  );
  const documented = [...rows].map(([, code, status]) => [code, Number(status)]);
  expect(documented).toEqual(Object.entries(STATUS));
});

it("every code is told as the documentation says", () => {
  for (const [code, status] of Object.entries(STATUS)) {
    const text = refusalResponse(new Refusal(code as RefusalCode, "Why"), { host: "a", port: 1 });
    const [head = "", body = ""] = text.split("\r\n\r\n");
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [A-Z][\\w ]+\\r\\n`));
    expect(head).toContain(`\r\nX-Isolate-Denied: ${code}`);
    expect(JSON.parse(body)).toEqual({ error: { code, message: "Why", host: "a", port: 1 } });
  }
});
