import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { type ServerType, serve } from "@hono/node-server";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ADMIN_KEY, tenantsApp } from "../helpers/tenants.ts";

const EXECUTABLE = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = EXECUTABLE.find((path) => existsSync(path));

let host: Awaited<ReturnType<typeof tenantsApp>>;
let key: string;
let server: ServerType;
let browser: Browser;
let origin: string;

beforeAll(async () => {
  if (executablePath === undefined) return;
  host = await tenantsApp();
  const { app, tenant } = host.start({ adminKey: ADMIN_KEY });
  ({ key } = await tenant("acme"));
  server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await new Promise((resolve) => server.once("listening", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // The browser's own sandbox needs permissions that root and containers do not have.
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});
afterAll(async () => {
  await browser?.close();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  await host?.close();
});

it.skipIf(executablePath === undefined)(
  "the page lists the routes, takes a key, and sends requests, with nothing from elsewhere",
  async () => {
    const page = await browser.newPage();
    const elsewhere: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${origin}/`)) {
        elsewhere.push(request.url());
      }
    });
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));

    await page.goto(`${origin}/docs`);
    const execute = page.locator("#operations-Executions-execute");
    await execute.waitFor();
    const paths = await page.locator(".opblock-summary-path").allInnerTexts();
    expect(paths.map((path) => path.replaceAll("\u200b", ""))).toEqual(
      expect.arrayContaining(["/execute", "/plan", "/healthz", "/openapi.json"]),
    );

    await execute.locator(".opblock-summary").click();
    // The body is the contract's first example, as it is.
    const body = execute.locator("textarea.body-param__text");
    expect(JSON.parse(await body.inputValue())).toMatchObject({ input: 21 });
    const answer = execute.locator(".live-responses-table tr.response");
    const send = async (status: string): Promise<string | null> => {
      await execute.locator("button.execute").click();
      await answer.locator(".response-col_status", { hasText: status }).waitFor();
      return answer.locator(".highlight-code").first().textContent();
    };
    expect(await send("401")).toContain("UNAUTHORIZED");

    await page.locator("button.authorize").first().click();
    await page.locator(".auth-container", { hasText: "tenant" }).locator("input").first().fill(key);
    await page.locator(".auth-container button.authorize").first().click();
    await page.locator("button.btn-done").first().click();
    expect(await send("200")).toContain('"ok": true');

    expect(elsewhere).toEqual([]);
    // The browser itself logs an answer that is no success.
    const others = complaints.filter((text) => !text.includes("status of 401"));
    expect(others).toEqual([]);
  },
);
