/** Tests each task of the console in a browser, by clicking and typing, against a real server. */
import { existsSync } from "node:fs";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REUSING, TestServer } from "../helpers/server.ts";
import { SOAK } from "../helpers/soak.ts";

const EXECUTABLE = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = EXECUTABLE.find((path) => existsSync(path));
const ADMIN_KEY = "the-operators-key-of-these-tests-alone";
const PHONE = { width: 360, height: 640 };
const SCREEN = { width: 1280, height: 800 };

let server: TestServer;
let browser: Browser;
/** Key of the tenant that the first test makes. */
let key: string;
/** Requests to other servers, and whatever the browser has complained of. */
const faults: string[] = [];

beforeAll(async () => {
  if (executablePath === undefined) return;
  server = await TestServer.start({
    ...REUSING,
    ISOLATE_ENGINE: "none",
    ISOLATE_ADMIN_KEY: ADMIN_KEY,
    ISOLATE_SECRET_KEY: "5e".repeat(32),
  });
  // The browser's own sandbox needs permissions that root and containers do not have.
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
});
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
});

/** Regions that pages have once their data is there. */
const LOADED: Readonly<Record<string, string>> = {
  Run: "Code",
  Functions: "Functions",
  Executions: "List of executions",
  Usage: "Usage by day",
  Secrets: "List of secrets",
  Tenants: "List of tenants",
  Servers: "Pool",
};

/** Opens the console, and connects with a key if there is one. */
async function open(withKey?: string, options: BrowserContextOptions = {}): Promise<Page> {
  const { baseURL = server.url } = options;
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on("request", (request) => {
    if (/^(data|blob):/.test(request.url())) return;
    if (!request.url().startsWith(`${baseURL}/`)) faults.push(request.url());
  });
  page.on("console", (message) => {
    // The browser itself logs an answer that is no success.
    const isAnswer = message.text().includes("the server responded with a status of");
    if (message.type() === "error" && !isAnswer) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(error.message));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      console.error(
        `Policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.columnNumber}`,
      ),
    );
  });
  await page.goto(`${baseURL}/`);
  if (withKey === undefined) return page;
  await page.getByLabel("Key", { exact: true }).fill(withKey);
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByRole("button", { name: "Forget key" }).waitFor();
  return page;
}

const click = (page: Page, name: string) =>
  page.getByRole("button", { name, exact: true }).first().click();
const goTo = async (page: Page, name: string) => {
  await page.getByRole("link", { name, exact: true }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
};

/** Runs what the page has, and returns the text of its result. */
async function result(page: Page): Promise<string> {
  await click(page, "Run");
  await page.getByRole("region", { name: "Answer" }).waitFor();
  return (await page.getByTestId("result").textContent()) ?? "";
}

async function type(page: Page, code: string): Promise<void> {
  await page.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.insertText(code);
}

/** Returns the violations that axe finds, each with its elements. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const found = (await axe.run()).violations;
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
}

/** Opens each page, and expects it to be without violations and no wider than the window. */
async function expectAccessible(page: Page, scheme: string, width: number | undefined) {
  for (const link of await page.getByRole("navigation").getByRole("link").all()) {
    await link.click();
    const named = await link.textContent();
    await page.getByRole("region", { name: LOADED[named as string] as string }).waitFor();
    expect([named, scheme, await violations(page)]).toEqual([named, scheme, []]);
    const needed = await page.evaluate(() => document.documentElement.scrollWidth);
    expect([named, needed]).toEqual([named, width]);
  }
}

describe.skipIf(executablePath === undefined)("the console", () => {
  it("takes the operator's key, makes a tenant whose key is shown once, and shows the servers", async () => {
    const stranger = await open("not-a-key");
    await stranger.getByText("The server knows no such key.").waitFor();
    await stranger.context().close();

    const operator = await open(ADMIN_KEY);
    await operator.getByLabel("Id").fill("acme");
    await operator.getByLabel("Settings").fill('{"sandbox": ["isolated"], "concurrency": 4}');
    await click(operator, "Make tenant");
    key = (await operator.getByTestId("new-key").textContent()) ?? "";
    expect(key).toMatch(/^\w{20,}/);
    await click(operator, "Keys of acme");
    await operator.getByRole("region", { name: "List of keys" }).waitFor();
    await operator.getByLabel("Id").fill("acme");
    await click(operator, "Make tenant");
    await operator.getByRole("alert").waitFor();

    await goTo(operator, "Servers");
    await operator.getByRole("region", { name: "Nodes" }).getByText("alive").waitFor();
    await operator.getByRole("region", { name: "Pool" }).getByText("isolated").waitFor();

    // A key stays in memory unless its reader wants it kept.
    await operator.reload();
    await operator.getByRole("button", { name: "Connect" }).waitFor();
    expect(await operator.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([
      0, 0,
    ]);
    await operator.getByLabel("Key", { exact: true }).fill(key);
    await operator.getByLabel("After that").selectOption({ label: "Keep it for this tab" });
    await click(operator, "Connect");
    await operator.getByRole("heading", { name: "Run code" }).waitFor();
    await operator.reload();
    await operator.getByRole("heading", { name: "Run code" }).waitFor();
    await click(operator, "Forget key");
    await operator.getByRole("button", { name: "Connect" }).waitFor();
    expect(await operator.evaluate(() => sessionStorage.length)).toBe(0);
  });

  it("runs each example, shows the log while code runs, and what it took", async () => {
    const page = await open(key);
    expect(await result(page)).toBe('"Hello from a sandbox"');
    await page.getByText("Processor", { exact: true }).waitFor();
    await page.getByLabel("Example").selectOption("Input");
    expect(JSON.parse(await result(page))).toEqual({ items: 2, total: 42 });

    await page.getByLabel("Example").selectOption("Logs over time");
    await click(page, "Run");
    await page.getByRole("log").getByText("Step 1 of 5").waitFor();
    expect(await page.getByRole("status").textContent()).toBe("running");
    await page.getByTestId("result").waitFor();
    expect(await page.getByRole("log").textContent()).toContain("Nothing left to do");

    await page.getByLabel("Example").selectOption("Package");
    expect(await page.getByLabel("Packages").inputValue()).toBe('{"zod": "^4"}');
    await click(page, "Run");
    // This server has no registry.
    await page.getByRole("alert").waitFor();

    await page.getByLabel("Permissions").fill("{");
    await click(page, "Run");
    await page.getByText("Permissions is not JSON").waitFor();
    await page.context().close();
  });

  it("shows what is denied, grants it by a click, and draws the plan", async () => {
    const page = await open(key);
    await page.getByLabel("Example").selectOption("Network denied");
    await click(page, "Run");
    const denied = page.getByRole("region", { name: "Denied" });
    await denied.getByText("net example.com:443").waitFor();

    await type(page, "export default () => Deno.hostname().length > 0");
    await click(page, "Run");
    await denied.getByText("sys hostname").waitFor();
    await denied.getByRole("button", { name: "Grant sys hostname and run again" }).click();
    await page.getByTestId("result").waitFor();
    expect(await page.getByTestId("result").textContent()).toBe("true");
    expect(await page.getByLabel("Permissions").inputValue()).toBe('{"sys":["hostname"]}');
    expect(await denied.count()).toBe(0);

    await click(page, "Show plan");
    const plan = page.getByRole("region", { name: "Plan" });
    await plan.getByText("Facts of the machine").waitFor();
    expect(await plan.locator("li.open").allInnerTexts()).toEqual([
      "Facts of the machine: hostname",
    ]);
    expect(await plan.textContent()).toContain("No second wall: level isolated");
    await page.context().close();
  });

  it("runs and stops code with the keyboard alone", async () => {
    const page = await open(key);
    const inEditor = () =>
      page.locator(".cm-content").evaluate((content) => {
        return (content.getRootNode() as ShadowRoot).activeElement === content;
      });
    for (let tabs = 0; tabs < 30 && !(await inEditor()); tabs += 1) {
      await page.keyboard.press("Tab");
    }
    expect(await inEditor()).toBe(true);
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.insertText(
      "export default () => new Promise(() => setInterval(() => {}, 100))",
    );
    await page.keyboard.press("ControlOrMeta+Enter");
    await page.getByRole("status").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    expect(await inEditor()).toBe(false);
    // The next stop is Stop: Run is disabled meanwhile.
    await page.keyboard.press("Enter");
    await page.getByText("Stopped").waitFor();
    await page.context().close();
  });

  it("deploys a function, compares and rolls back its versions, calls it and follows its logs", async () => {
    const page = await open(key);
    for (const text of ["one", "two"]) {
      await type(
        page,
        `export default (input) => {\n  console.log("${text}", input);\n  return "${text}";\n}`,
      );
      await page.getByLabel("Function", { exact: true }).fill("greeting");
      await click(page, "Deploy");
      await page.getByRole("heading", { name: "greeting" }).waitFor();
      await goTo(page, "Run");
    }
    await goTo(page, "Functions");
    await page.getByRole("link", { name: "greeting" }).click();
    await page.getByText("functions/greeting/invoke").waitFor();
    const difference = page.getByRole("region", { name: "Difference" });
    await difference.locator(".added").first().waitFor();
    expect(await difference.locator(".removed").allInnerTexts()).toEqual([
      expect.stringContaining('console.log("one", input);'),
      expect.stringContaining('return "one";'),
    ]);
    await click(page, "Roll back to v1");
    await page.getByRole("button", { name: "Roll back to v2" }).waitFor();

    const followed = page.waitForResponse((response) => response.url().includes("follow=true"));
    await click(page, "Follow");
    await followed;
    await page.getByRole("region", { name: "Call" }).getByLabel("Input").fill("7");
    await click(page, "Call");
    await page.getByTestId("result").waitFor();
    expect(await page.getByTestId("result").textContent()).toBe('"one"');
    await page.getByRole("log", { name: "Followed logs" }).getByText("one 7").waitFor();
    await click(page, "Stop following");

    await page.getByLabel("Schedule", { exact: true }).fill("nightly");
    await page.getByLabel("Cron").fill("0 3 * * *");
    await click(page, "Add schedule");
    await click(page, "Delete schedule nightly");
    await page
      .getByRole("button", { name: "Delete schedule nightly" })
      .waitFor({ state: "detached" });
    await click(page, "Edit v2");
    await page.getByRole("heading", { name: "Run code" }).waitFor();
    expect(await page.locator(".cm-content").textContent()).toContain('"two"');

    await type(page, 'export default () => new Response("by HTTP")');
    await page.getByLabel("Function", { exact: true }).fill("site");
    await page.getByLabel("Kind").selectOption({ label: "Answers HTTP requests" });
    await page.getByLabel("Anybody may call it").check();
    await click(page, "Deploy");
    const url = page.getByRole("link", { name: "/f/acme/site" });
    const answer = await fetch((await url.getAttribute("href")) as string);
    expect(await answer.text()).toBe("by HTTP");
    page.once("dialog", (dialog) => dialog.accept());
    await click(page, "Delete function");
    await page.getByRole("heading", { name: "Functions" }).waitFor();
    await page.context().close();
  });

  it("shows executions by filters, usage against limits, and secrets, on a screen, a phone, light and dark", async () => {
    const page = await open(key);
    await goTo(page, "Executions");
    const rows = page.getByRole("region", { name: "List of executions" }).locator("tbody tr");
    await rows.first().waitFor();
    const all = await rows.count();
    expect(await page.locator("figcaption").allInnerTexts()).toEqual([
      expect.stringMatching(/Outcomes \d+ ok, /),
      expect.stringContaining("Time, in ms median"),
      expect.stringContaining("Processor time, in ms median"),
    ]);
    await page.getByLabel("Outcome").selectOption("exception");
    await expect.poll(() => rows.count()).toBeLessThan(all);
    for (const text of await rows.allInnerTexts()) expect(text).toContain("exception");
    await page.getByLabel("Outcome").selectOption("");
    await page.getByLabel("Function").fill("greeting");
    await expect.poll(() => rows.count()).toBe(1);

    await goTo(page, "Usage");
    await page.getByRole("region", { name: "Usage by day" }).waitFor();
    await page.getByRole("meter", { name: "Storage" }).waitFor();
    await page.getByRole("region", { name: "List of limits" }).getByText("concurrency").waitFor();

    await goTo(page, "Secrets");
    await page.getByLabel("Name").fill("TOKEN");
    await page.getByLabel("Value").fill("a-value-of-some-length");
    await click(page, "Write secret");
    await page.getByRole("region", { name: "List of secrets" }).getByText("TOKEN").waitFor();
    expect(await page.content()).not.toContain("a-value-of-some-length");
    await page.context().close();

    for (const [colorScheme, viewport, as] of [
      ["light", PHONE, key],
      ["dark", SCREEN, ADMIN_KEY],
      ...(SOAK
        ? ([
            ["dark", SCREEN, key],
            ["dark", PHONE, ADMIN_KEY],
            ["light", SCREEN, ADMIN_KEY],
          ] as const)
        : []),
    ] as const) {
      const shown = await open(as, { colorScheme, viewport });
      if (as === key) {
        await click(shown, "Run");
        await shown.getByRole("region", { name: "Answer" }).waitFor();
        await click(shown, "Show plan");
        await shown.getByRole("region", { name: "Plan" }).waitFor();
      }
      await expectAccessible(shown, colorScheme, viewport.width);
      await shown.context().close();
    }
  });

  it("needs no key where the server has none", async () => {
    const keyless = await TestServer.start({
      ISOLATE_ENGINE: "none",
      ISOLATE_SECRET_KEY: "5e".repeat(32),
    });
    const put = async (path: string, body: object): Promise<void> => {
      const headers = { "Content-Type": "application/json" };
      const request = { method: "PUT", headers, body: JSON.stringify(body) };
      expect((await fetch(`${keyless.url}${path}`, request)).status).toBe(201);
    };
    try {
      await put("/functions/one", { code: "export default () => 1" });
      await put("/secrets/TOKEN", { value: "a-value-of-some-length" });
      const page = await open(undefined, { baseURL: keyless.url, colorScheme: "light" });
      await type(page, "export default () => 40 + 2");
      expect(await result(page)).toBe("42");
      await expectAccessible(page, "light", page.viewportSize()?.width);
      await page.context().close();
    } finally {
      await keyless.dispose();
    }
  });

  it("asks no other server for anything, and breaks no rule of its content policy", () => {
    expect(faults).toEqual([]);
  });
});
