import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { certificateFor } from "../../helpers/certificate.ts";
import { type Cleanup, directory, listenLocally } from "../../helpers/egress.ts";
import { startNameServer } from "../../helpers/name-server.ts";
import { ROOT } from "../../helpers/pages.ts";
import { FrontDoor } from "./front-door.ts";
import { StandInNode } from "./stand-in-node.ts";

const NAME = "isolate.test";
const ADDRESSES = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];

export interface Balanced {
  readonly door: FrontDoor;
  readonly nodes: readonly StandInNode[];
}

/**
 * Runs HAProxy by the file of stack.yaml, on loopback, in front of nodes that are stand-ins.
 *
 * @param changed Changes the file, to take one of its mechanisms away. Default: as it is.
 */
export async function balance(
  cleanup: Cleanup,
  changed = (text: string): string => text,
): Promise<Balanced> {
  const nodes = ADDRESSES.map((address) => new StandInNode(address));
  const names = await startNameServer(cleanup, (_name, type) => (type === "A" ? ADDRESSES : []));
  const [port, nodePort] = [await freePort(), await freePort()];
  for (const node of nodes) {
    await node.start(nodePort);
    cleanup.add(() => node.stop());
  }
  const folder = await directory(cleanup);
  const { key, cert } = certificateFor(NAME);
  await writeFile(join(folder, "tls.pem"), key + cert);
  const text = (await readFile(join(ROOT, "deploy/haproxy/haproxy.cfg"), "utf8"))
    .replace("127.0.0.11:53", names.at)
    .replace("bind :8443", `bind 127.0.0.1:${port}`)
    .replace("/run/secrets/isolate_tls", join(folder, "tls.pem"))
    .replaceAll(":8787", `:${nodePort}`);
  await writeFile(join(folder, "haproxy.cfg"), changed(text));
  const haproxy = spawn("haproxy", ["-db", "-f", join(folder, "haproxy.cfg")], { stdio: "ignore" });
  cleanup.add(async () => {
    haproxy.kill("SIGKILL");
    if (haproxy.exitCode === null && haproxy.signalCode === null) await once(haproxy, "exit");
  });
  const door = new FrontDoor("127.0.0.1", port, NAME, cert);
  cleanup.add(() => door.close());
  return { door, nodes };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listenLocally(probe);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
