import { config } from "../../src/config/config.ts";
import type { ToolUse } from "../../src/protocol/messages.ts";
import { resolveTools } from "../../src/tools/registry.ts";
import type { Case } from "./cases.ts";

function tools(settings: Parameters<typeof config>[0] = {}): readonly ToolUse[] {
  return resolveTools(["crypto"], config(settings));
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Behaviour of the crypto tool on every engine. */
export const CRYPTO: readonly Case[] = [
  {
    name: "makes random bytes and identifiers",
    code: "export default () => { const bytes = new Uint8Array(16); crypto.getRandomValues(bytes); return { uuid: crypto.randomUUID(), bytes: Array.from(bytes) } }",
    tools: tools(),
    status: "ok",
    check({ result }) {
      const { uuid, bytes } = result as { uuid: string; bytes: number[] };
      if (!UUID.test(uuid) || bytes.length !== 16 || !bytes.some((byte) => byte > 0)) {
        throw new Error(JSON.stringify(result));
      }
    },
  },
  {
    name: "hashes",
    code: 'export default async function(text) { const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)); return Array.from(new Uint8Array(hash)).map(b => b.toString(16).padStart(2, "0")).join(""); }',
    input: "Hello, World!",
    tools: tools(),
    status: "ok",
    result: "dffd6021bb2bd5b0af676290809ec3a53191dd81c7f70a4b28688a362182986f",
  },
  {
    name: "signs and verifies",
    code: 'export default async () => { const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]); const data = new Uint8Array([1]); const mac = await crypto.subtle.sign("HMAC", key, data); return crypto.subtle.verify("HMAC", key, mac, data) }',
    tools: tools(),
    status: "ok",
    result: true,
  },
  {
    name: "allows 1,000 operations and no more",
    code: "export default () => { let n = 0; try { for (;;) { crypto.randomUUID(); n += 1 } } catch (error) { return [n, error.message] } }",
    tools: tools(),
    status: "ok",
    result: [1_000, "The crypto tool allows 1000 operations in one execution"],
  },
  {
    name: "counts what goes by way of subtle, too",
    code: 'export default async () => { for (let i = 0; i < 1001; i++) await crypto.subtle.digest("SHA-1", new Uint8Array(1)) }',
    tools: tools(),
    status: "error",
    fault: ["Error", "The crypto tool allows 1000 operations in one execution"],
  },
  {
    name: "fills no more than its limit at once",
    code: "export default () => { crypto.getRandomValues(new Uint8Array(1024)); crypto.getRandomValues(new Uint8Array(1025)) }",
    tools: tools({ crypto: { limit: 1_024 } }),
    status: "error",
    fault: ["Error", "The crypto tool fills 1024 bytes at once, not 1025"],
  },
  {
    name: "has no subtle where that is switched off",
    code: "export default () => crypto.subtle.digest",
    tools: tools({ crypto: { subtle: false } }),
    status: "error",
    fault: ["Error", "crypto.subtle is switched off on this host"],
  },
  {
    name: "has the methods on its list alone",
    code: "export default () => { crypto.randomUUID(); return crypto.getRandomValues(new Uint8Array(1)) }",
    tools: tools({ crypto: { methods: ["randomUUID"] } }),
    status: "error",
    fault: ["Error", "crypto.getRandomValues is switched off on this host"],
  },
  {
    name: "cannot be replaced or taken apart",
    // In a realm, deleting a permanent property does nothing, but does not throw.
    isolation: true,
    code: `export default () => {
      const tried = [
        () => { globalThis.crypto = 1 },
        () => { crypto.randomUUID = () => "mine" },
        () => { delete globalThis.crypto },
        () => { Object.defineProperty(globalThis, "crypto", { value: 1 }) },
      ].map((attempt) => { try { attempt(); return "done" } catch (error) { return error.name } });
      return [tried, crypto.constructor === undefined || crypto.constructor === Object];
    }`,
    tools: tools(),
    status: "ok",
    result: [["TypeError", "TypeError", "TypeError", "TypeError"], true],
  },
];
