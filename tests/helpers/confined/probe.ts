/** A script for a confined process that looks for a host, or breaks a bound. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { MakeHandler } from "../../../src/confined-process/entry.ts";

declare const Deno: {
  readTextFileSync(path: string): string;
  readDirSync(path: string): Iterable<unknown>;
  env: { toObject(): object };
  hostname(): string;
  connect(to: object): Promise<unknown>;
};

const sources: Record<string, () => unknown> = {
  file: () => Deno.readTextFileSync("/etc/passwd"),
  environ: () => Deno.readTextFileSync("/proc/self/environ"),
  directory: () => [...Deno.readDirSync("/")],
  "file by Node": () => readFileSync("/etc/passwd", "utf8"),
  write: () => writeFileSync("/tmp/confined-probe", "x"),
  environment: () => Deno.env.toObject(),
  program: () => execFileSync("/bin/sh", ["-c", "echo x"]),
  hostname: () => Deno.hostname(),
  connection: () => Deno.connect({ hostname: "127.0.0.1", port: 9 }),
  "connection by Node": () =>
    new Promise((resolve, reject) => connect(9, "127.0.0.1", () => resolve(0)).on("error", reject)),
  module: () => import(["file:", "etc", "hosts.js"].join("/")),
};

const make: MakeHandler = async () => {
  let asked = 0;
  return async (input) => {
    asked += 1;
    const { ask } = input as { ask: string };
    if (ask === "loop") for (;;);
    if (ask === "memory")
      for (const all: Uint8Array[] = []; ; ) all.push(new Uint8Array(1e7).fill(1));
    if (ask === "answer") return { answer: {}, payload: new Uint8Array(2_000_000) };
    if (ask === "count") return { answer: asked };
    const found: Record<string, string> = {};
    for (const [name, look] of Object.entries(sources)) {
      try {
        found[name] = `had: ${await look()}`;
      } catch (error) {
        found[name] = (error as Error).name;
      }
    }
    return { answer: found };
  };
};

export default make;
