import { expect, it } from "vitest";
import { recordingApp } from "../../helpers/app.ts";

const { app } = recordingApp();
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

const ask = (path: string, headers: Record<string, string> = {}) => app.request(path, { headers });

it("browsers get a page that loads nothing from elsewhere, and have it answered with 304 later", async () => {
  const page = await ask("/", { accept: BROWSER });
  expect([page.status, page.headers.get("content-type")]).toEqual([
    200,
    "text/html; charset=utf-8",
  ]);
  expect(page.headers.get("content-security-policy")).toContain(
    "script-src 'self'; style-src 'self'",
  );
  expect(page.headers.get("vary")).toContain("Accept");
  const linked = [...(await page.text()).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, to]) => to);
  expect(linked).toEqual(["console/console.css", "data:,", "console/console.js"]);
  for (const path of ["/", "/console/console.css", "/console/console.js"]) {
    const first = await ask(path, { accept: BROWSER });
    const etag = first.headers.get("etag") as string;
    expect((await first.arrayBuffer()).byteLength).toBeGreaterThan(100);
    const again = await ask(path, { accept: BROWSER, "if-none-match": etag });
    expect([path, again.status]).toEqual([path, 304]);
  }
});

it("other clients are told in JSON that there is nothing at /", async () => {
  for (const accept of [undefined, "*/*", "application/json", "text/plain"]) {
    const response = await ask("/", accept === undefined ? {} : { accept });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      error: { code: "NOT_FOUND", message: "There is no /; GET /docs lists all there are" },
    });
  }
  expect((await ask("/console", { accept: BROWSER })).status).toBe(404);
});
