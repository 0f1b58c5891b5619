/** Tests code that expects a normal machine on a network: its errors and their hints. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { JobGrants } from "../../src/engines/contract/contract.ts";
import { egressWords } from "../../src/engines/explain/egress-words.ts";
import { toOutcome, toOutput } from "../../src/engines/explain/outcome.ts";
import { withTunnels } from "../../src/protocol/tunnels.ts";
import type { Output } from "../../src/request/types.ts";
import { certificateFor } from "../helpers/certificate.ts";
import { Cleanup } from "../helpers/egress.ts";
import { SOAK } from "../helpers/soak.ts";
import { type EgressSite, grants } from "./egress-site.ts";
import { openLoopbackSite } from "./loopback-site.ts";

const cleanup = new Cleanup();
let site: EgressSite;
let up: string;
let evil: string;
beforeAll(async () => {
  ({ site, up, evil } = await openLoopbackSite(cleanup));
  // Code sees its own errors alone, so that a new worker of the same container does for each case.
  site.reuses = !SOAK;
});
afterAll(() => cleanup.run());

/** Returns the output of code in a sandbox with these grants. */
async function output(granted: JobGrants | undefined, body: string): Promise<Output> {
  const code = `export default async ({ up, evil, port }) => {
    const [hostname, upPort] = [up.split(":")[0], Number(up.split(":")[1])];
    const net = await import("node:net"), http = await import("node:http");
    const dgram = await import("node:dgram"), dns = await import("node:dns");
    const failure = (emitter) => new Promise((_resolve, reject) => emitter.on("error", reject));
    ${body} }`;
  const input = { up, evil, port: evil.split(":")[1] };
  const { ending, denied } = await site.run("real", granted, code, input);
  if (ending.type === "closed" || ending.type === "declined")
    throw new Error("The sandbox has ended");
  const soFar = { logs: [], logsDropped: 0, denied, duration: 0 };
  return toOutput(toOutcome(ending, soFar, "container"), "container");
}

const LOOPBACK = "hostname: '127.0.0.1', port: 8080";
const LISTEN = /cannot listen, and has no UDP/;
const NAMES = /resolves no names/;

describe.each(["nothing", "a host"])("with %s granted", (what) => {
  const granted = (): JobGrants | undefined =>
    what === "nothing" ? undefined : grants(withTunnels([up]), [up]);

  it.each([
    ["Deno.listen({ port: 0 })", LISTEN],
    [`Deno.listen({ ${LOOPBACK} })`, LISTEN],
    [`Deno.serve({ ${LOOPBACK} }, () => new Response())`, LISTEN],
    [`Deno.listenTls({ ...${JSON.stringify(certificateFor("sandbox"))}, port: 8443 })`, LISTEN],
    ["Deno.serve(() => new Response())", LISTEN],
    ["Deno.listenDatagram({ port: 0, transport: 'udp' })", LISTEN],
    ["await failure(net.createServer().listen(8080))", LISTEN],
    ["await failure(http.createServer().listen(8080, '127.0.0.1'))", LISTEN],
    ["await failure(dgram.createSocket('udp4').bind(8080))", LISTEN],
    ["dgram.createSocket('udp4').send('x', 53, '192.0.2.1'); await new Promise(() => {})", LISTEN],
    ["await Deno.resolveDns(hostname, 'A')", NAMES],
    ["await dns.promises.lookup(hostname)", NAMES],
    ["await dns.promises.resolve4(hostname)", NAMES],
    ["await dns.promises.reverse('192.0.2.1')", NAMES],
    ["await failure(net.connect(upPort, 'other.example'))", NAMES],
    ["await failure(http.get('http://other.example:' + upPort))", NAMES],
    ["await failure((await import('node:https')).get('https://other.example'))", NAMES],
  ])("%.70s fails with a hint", async (attempt, hint) => {
    const { ok, logs, denied = [] } = await output(granted(), attempt);
    expect([ok, logs?.at(-1)]).toMatchObject([false, { hint: expect.stringMatching(hint) }]);
    // No permission enables any of these.
    for (const denial of denied) expect(denial).not.toHaveProperty("permission");
  });
});

describe("a connection", () => {
  it("to what is not granted is denied by the Worker, with the permission it takes", async () => {
    const permission = { net: [evil] };
    const hint = `Add ${JSON.stringify(permission)} to "permissions"`;
    for (const attempt of [
      "fetch('http://' + evil)",
      "Deno.connect({ hostname: 'evil.example', port: Number(port) })",
    ]) {
      const { logs, denied } = await output(undefined, `await ${attempt}`);
      expect(denied).toEqual([{ kind: "net", value: evil, by: "worker", permission }]);
      expect(logs?.at(-1)?.hint).toBe(hint);
    }
  });

  it("that the proxy denies names the permission, unless there is none that would do", async () => {
    const net = [evil, "inner.example:80", "169.254.169.254:80"];
    const granted = grants(withTunnels(net), [up, "inner.example", "169.254.169.254"]);
    const { denied = [], logs } = await output(
      granted,
      `for (const url of [evil, "169.254.169.254"]) await fetch("http://" + url);
      await Deno.connect({ hostname: "inner.example", port: 80 })`,
    );
    expect(denied.map(({ code, permission }) => [code, permission])).toEqual([
      ["HOST_NOT_ALLOWED", { net: [evil] }],
      ["METADATA_ADDRESS", undefined],
      ["ADDRESS_NOT_ALLOWED", undefined],
    ]);
    expect(logs?.at(-1)).toMatchObject({
      name: "ConnectionRefused",
      hint: expect.stringContaining("not public"),
    });
  });

  it("over TLS that the proxy denies tells what the proxy said, which the runtime does not", async () => {
    const secure = "evil.example:443";
    const { logs } = await output(grants([secure], [up]), `await fetch("https://evil.example")`);
    expect(logs?.at(-1)).toMatchObject({
      message: "fetch failed",
      hint: `The egress proxy refused ${secure}: HOST_NOT_ALLOWED, ${egressWords("HOST_NOT_ALLOWED")}`,
    });
    const own = await output(undefined, `throw new TypeError("fetch failed")`);
    expect(own.logs?.at(-1)).not.toHaveProperty("hint");
  });

  it.each([
    ["*.example:80", "hostname: 'evil.example', port: 80"],
    ["192.0.2.1:80", "hostname: '192.0.2.1', port: 80", true],
  ])("under a wildcard has to be named: %s", async (entry, to, every = false) => {
    const granted = grants(every ? (true as never) : [entry], ["*"]);
    const { logs } = await output(granted, `await Deno.connect({ ${to} })`);
    expect(logs?.at(-1)?.hint).toMatch(/^Raw connections go to a host and port that "permissions"/);
  });
});
