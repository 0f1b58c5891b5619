import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { builtPath } from "../../src/base/package-root.ts";
import { denoBinary } from "../../src/deno/deno.ts";
import type { EgressLimits } from "../../src/protocol/egress-limits.ts";
import { AdminClient, type Cleanup, directory } from "./egress.ts";

const MAIN = builtPath("programs", "egress.js");

/** The proxy in a Deno process of its own, as in production, with an admin connection to it. */
export interface ProxyProcess {
  readonly child: ChildProcess;
  readonly admin: AdminClient;
  /** Returns the records it has logged. */
  records(): readonly Record<string, unknown>[];
  /** Returns its memory in bytes. */
  memory(): number;
  /** Opens a run of a new tenant and returns the path of its socket. */
  open(run: string, allow: readonly string[]): Promise<string>;
}

export async function startProxyProcess(
  cleanup: Cleanup,
  settings: {
    hosts?: Record<string, string>;
    private?: readonly string[];
    limits?: Partial<EgressLimits>;
  },
): Promise<ProxyProcess> {
  const path = await directory(cleanup);
  const adminSocket = join(path, "admin.sock");
  const args = ["run", "--no-lock", "-A", MAIN, adminSocket, JSON.stringify(settings)];
  const child = spawn(denoBinary(), args, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  cleanup.add(async () => {
    child.kill("SIGKILL");
    await gone;
  });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (data) => {
      output += data;
      if (output.includes('"listening"')) resolve();
    });
    child.once("exit", () => reject(new Error(`The proxy has ended: ${output}`)));
  });
  const admin = new AdminClient(adminSocket);
  return {
    child,
    admin,
    records: () =>
      output
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    memory: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
    },
    async open(run, allow) {
      const socket = join(path, run, "egress.sock");
      await mkdir(join(path, run));
      const policy = { allow: [...allow] };
      const answer = await admin.ask({ op: "open", egress: { socket, policy }, run, tenant: run });
      if (!answer.ok) throw new Error(answer.error.message);
      return socket;
    },
  };
}
