/**
 * What a job is granted of the network, enforced twice: each attack is made once with the Worker
 * switched off, once with the proxy letting everything through, and once with both, where it has to
 * succeed: else it would prove nothing.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EgressUnavailable } from "../../src/errors.ts";
import { until } from "../contract/engine-contract.ts";
import { EgressLaboratory } from "./egress-laboratory.ts";

let laboratory: EgressLaboratory;
beforeAll(async () => {
  laboratory = await EgressLaboratory.open();
});
afterAll(() => laboratory.close());

/** Code that tries something, and returns what it got or why it did not. */
const attempt = (body: string): string => `
  const raw = async (target, path) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: 3128 });
    const say = (text) => connection.write(new TextEncoder().encode(text));
    const hear = async () => {
      const bytes = new Uint8Array(4096);
      return new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
    };
    await say("CONNECT " + target + " HTTP/1.1\\r\\nHost: " + target + "\\r\\n\\r\\n");
    const answer = await hear();
    if (!answer.includes(" 200 ")) return answer;
    await say("GET " + path + " HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n");
    return hear();
  };
  export default async ({ up, evil, port }) => {
    try {
      const got = await (async () => { ${body} })();
      return typeof got === "string" ? got : await got.text();
    } catch (error) {
      return error.name + ": " + error.message;
    }
  };`;

const ATTACKS: readonly (readonly [what: string, path: string, body: string])[] = [
  ["another host", "/host", "return fetch('http://' + evil + '/host')"],
  ["another port of the host", "/port", "return fetch('http://up.example:' + port + '/port')"],
  ["an address", "/address", "return fetch('http://127.0.0.1:' + port + '/address')"],
  ["an address in decimal", "/decimal", "return raw('2130706433:' + port, '/decimal')"],
  ["a redirect", "/redirected", "return fetch('http://' + up + '/redirect')"],
  ["a tunnel", "/tunnel", "return raw(evil, '/tunnel')"],
];

/** Those that lead anywhere at all: the proxy takes a decimal number for no host, whatever it allows. */
const REAL = ATTACKS.filter(([, path]) => path !== "/decimal");

describe("a job with hosts", () => {
  it("reaches what it is granted, streams both ways, and nothing once it is over", async () => {
    const { up } = laboratory;
    const code = `export default async ({ up }) => {
      const texts = [];
      for (const path of ["/a", "/b"]) texts.push(await (await fetch("http://" + up + path)).text());
      const body = new Blob(["x".repeat(1e6)]).stream();
      texts.push(await (await fetch("http://" + up + "/post", { method: "POST", body })).text());
      return texts }`;
    const seen = await laboratory.run("real", laboratory.grants([up], [up]), code);
    const text = JSON.stringify(["reached /a", "reached /b", "reached /post"]);
    expect(seen).toEqual({ ending: { type: "result", text, dropped: 0 }, denied: [] });
  });

  it.each(ATTACKS)("cannot get to %s, the proxy alone holding it", async (_what, path, body) => {
    const { up, reached } = laboratory;
    const { ending, denied } = await laboratory.run(
      "open",
      laboratory.grants([], [up]),
      attempt(body),
    );
    expect(reached.evil).not.toContain(path);
    expect(ending).toMatchObject({
      type: "result",
      text: expect.not.stringContaining("reached /"),
    });
    expect(denied).toMatchObject([{ kind: "net", by: "egress", count: 1 }]);
    expect(denied[0]?.value).toContain(body.includes("up.example") ? "up.example" : ":");
  });

  it.each(ATTACKS)("cannot get to %s, the Worker alone holding it", async (_what, path, body) => {
    const { up, evil, reached } = laboratory;
    const wide = [up, evil, `up.example:${evil.split(":")[1]}`, `127.0.0.1:${evil.split(":")[1]}`];
    const { ending } = await laboratory.run("real", laboratory.grants([up], wide), attempt(body));
    expect(reached.evil).not.toContain(path);
    expect(ending).toMatchObject({ text: expect.stringContaining("NotCapable: Requires net") });
  });

  it.each(REAL)("would get to %s with neither", async (_what, path, body) => {
    const { up, evil, reached } = laboratory;
    const port = evil.split(":")[1];
    const wide = [up, evil, `up.example:${port}`, `127.0.0.1:${port}`];
    await laboratory.run("open", laboratory.grants([], wide), attempt(body));
    expect(reached.evil).toContain(path);
  });

  it.each(["inner.example", "169.254.169.254", "[fd00:ec2::254]", "10.1.2.3"])(
    "cannot get to %s even if it is granted",
    async (host) => {
      const grants = laboratory.grants([`${host}:80`], [host]);
      // The best of three is to be below 100 ms: a busy machine delays any one of them.
      const { ending, denied } = await laboratory.run(
        "open",
        grants,
        attempt(`let best = Infinity, text;
          for (let round = 0; round < 3; round += 1) {
            const since = performance.now();
            text = await raw("${host}:80", "/");
            best = Math.min(best, performance.now() - since);
          }
          return (best < 100) + " " + text`),
      );
      expect(ending).toMatchObject({ text: expect.stringMatching(/^"true HTTP\/1\.1 403/) });
      expect(denied).toMatchObject([{ code: expect.stringMatching(/^(METADATA_)?ADDRESS/) }]);
    },
  );

  it("has no way out without a grant, whatever its Worker may do", async () => {
    const code = attempt("return raw(up, '/none')");
    for (const grants of [undefined, laboratory.grants([], null)]) {
      const { ending } = await laboratory.run("open", grants, code);
      expect(ending).toMatchObject({ text: expect.stringContaining("ConnectionRefused") });
    }
    expect(laboratory.reached.up).not.toContain("/none");
  });

  it("is refused while the proxy is down, beside others that go on", async () => {
    const { up, sidecar } = laboratory;
    const grants = laboratory.grants([up], [up]);
    const code = attempt("return fetch('http://' + up + '/again')");
    // Once the sandbox is there: the proxy comes back sooner than a sandbox starts.
    const refused = laboratory.run("real", grants, code, () => laboratory.killProxy());
    await expect(refused).rejects.toBeInstanceOf(EgressUnavailable);
    const { ending } = await laboratory.run("real", undefined, "export default () => 1");
    expect(ending).toMatchObject({ type: "result", text: "1" });
    await until(() => sidecar.up);
    const again = await laboratory.run("real", grants, code);
    expect(again.ending).toMatchObject({ text: '"reached /again"' });
  });
});
