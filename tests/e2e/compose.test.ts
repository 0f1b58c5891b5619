/** Tests compose.yaml as an operator uses it, with Debian's docker-compose. */
import { readdir } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../contract/engine-contract.ts";
import { ComposeProject, hasCompose } from "../helpers/compose.ts";
import { containersOf } from "../helpers/containers.ts";
import { Cleanup } from "../helpers/egress.ts";
import { ensureIsolateImages } from "../helpers/isolate-images.ts";
import { ensureImages } from "../helpers/stand-ins.ts";

const BUILD_WITHIN = 300_000;
const WITHIN = 120_000;

const cleanup = new Cleanup();
let project: ComposeProject;
let key: string;
let site: string;

/** Executes with a long timeout, because the time of a busy machine is not tested. */
const execute = (request: object) =>
  project.ask("POST", "/execute", { timeout: WITHIN, ...request }, key);

const visit = () =>
  execute({
    code: `export default async (url) => (await fetch(url)).text()`,
    input: `http://${site}/home`,
    permissions: { net: [site] },
  });

describe.skipIf(!hasCompose)("compose.yaml", { timeout: WITHIN }, () => {
  beforeAll(async () => {
    // Builds nothing twice: the steps of these are those of compose.yaml.
    await ensureIsolateImages();
    cleanup.add(await ensureImages());
    const server = createServer((request, response) => response.end(`reached ${request.url}`));
    await new Promise<void>((resolve) => server.listen(0, resolve));
    cleanup.add(() => server.close());
    site = `up.test:${(server.address() as AddressInfo).port}`;
    project = await ComposeProject.create();
    cleanup.add(() => project.dispose());
    // The network must exist before its address can be named.
    await project.compose("up", "--no-start", "--build", "egress");
    await project.set({
      ISOLATE_EGRESS_HOSTS: JSON.stringify({ "up.test": await project.hostIn("egress") }),
      ISOLATE_EGRESS_PRIVATE: site,
    });
    await project.compose("up", "--detach");
    await project.ready();
    const settings = { sandbox: ["container", "isolated"] };
    await project.ask("PUT", "/admin/tenants/acme", settings, project.adminKey);
    const made = await project.ask("POST", "/admin/tenants/acme/keys", {}, project.adminKey);
    key = made.body.key;
  }, BUILD_WITHIN);
  afterAll(() => cleanup.run(), WITHIN);

  it("serves a tenant by its key, in containers and in processes, and nobody without", async () => {
    const code = "export default (x) => x * 2";
    for (const sandbox of ["container", "isolated"]) {
      const { status, body } = await execute({ code, input: 21, sandbox });
      expect([status, body]).toEqual([200, expect.objectContaining({ ok: true, result: 42 })]);
    }
    expect(await containersOf(project.runDirectory, "sandbox")).not.toEqual([]);
    expect((await project.ask("POST", "/execute", { code })).status).toBe(401);
  });

  it("has sandboxes reach granted hosts through the proxy's service, and it alone", async () => {
    expect((await visit()).body).toMatchObject({ ok: true, result: "reached /home" });
    expect(await project.compose("logs", "egress")).toContain('"host":"up.test"');
    await project.compose("kill", "egress");
    await until(async () => (await visit()).status === 503);
    expect((await visit()).body.error).toMatchObject({ code: "EGRESS_UNAVAILABLE" });
    expect((await execute({ code: "export default () => 1" })).body).toMatchObject({ result: 1 });
    await project.compose("start", "egress");
    await until(async () => (await visit()).status === 200);
  });

  it("keeps the proxy away from the control plane and its store", async () => {
    expect(await project.networksOf("egress")).toEqual(["egress"]);
    expect(await project.networksOf("postgres")).toEqual(["store"]);
    expect((await project.networksOf("control-plane")).sort()).toEqual(["front", "store"]);
  });

  it("has the console", async () => {
    const page = await fetch(`${project.url}/`, { headers: { Accept: "text/html" } });
    expect(page.headers.get("content-type")).toContain("text/html");
    const [, script] = /<script [^>]*src="([^"]+)"/.exec(await page.text()) ?? [];
    const { status, headers } = await fetch(new URL(script ?? "none", `${project.url}/`));
    expect([status, headers.get("content-type")]).toEqual([200, expect.stringContaining("script")]);
  });

  it("is run by the Node that the documents name", async () => {
    const node = await project.compose("exec", "-T", "control-plane", "node", "--version");
    expect(node).toMatch(/^v24\./);
  });

  it("loses nothing when the control plane is started again", async () => {
    const { body } = await execute({ code: "export default () => 'before'" });
    await project.compose("restart", "control-plane");
    await project.ready();
    const { status, body: after } = await execute({ code: "export default () => 'after'" });
    expect([status, after.result]).toEqual([200, "after"]);
    const found = await project.ask("GET", `/executions/${body.id}`, undefined, key);
    expect(found).toMatchObject({ status: 200, body: { id: body.id, outcome: "ok" } });
  });

  // Last, because it ends the services that the others use.
  it("leaves nothing behind", async () => {
    expect(await project.remains()).not.toEqual([]);
    await project.compose("down", "--volumes");
    expect(await project.remains()).toEqual([]);
    expect(await containersOf(project.runDirectory)).toEqual([]);
    // The proxy's own folder, whose socket has been deleted.
    expect(await readdir(project.runDirectory, { recursive: true })).toEqual(["egress"]);
  });
});
