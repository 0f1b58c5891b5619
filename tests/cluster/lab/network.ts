import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { LabNames } from "./names.ts";

const run = promisify(execFile);

/** Makes the bridge that joins a lab's machines. It leads nowhere else: no machine has a route beyond it. */
export async function makeBridge(names: LabNames): Promise<void> {
  const { bridge } = names;
  await run("ip", ["link", "add", bridge, "type", "bridge"]);
  await run("ip", ["addr", "add", `${names.address(1)}/24`, "dev", bridge]);
  await run("ip", ["link", "set", bridge, "up"]);
  // An engine of the host drops what it does not know, and bridges' frames pass there, too.
  await run("iptables", ["-I", "FORWARD", ...passing(bridge)]);
}

/** Makes a network namespace on the bridge, and returns its file. */
export async function makeNamespace(
  names: LabNames,
  machine: string,
  last: number,
): Promise<string> {
  const namespace = names.namespace(machine);
  const cable = names.cable(last);
  const inside = ["-n", namespace];
  await run("ip", ["netns", "add", namespace]);
  const peer = ["peer", "name", "eth0", "netns", namespace];
  await run("ip", ["link", "add", cable, "type", "veth", ...peer]);
  await run("ip", ["link", "set", cable, "master", names.bridge, "up"]);
  await run("ip", [...inside, "addr", "add", `${names.address(last)}/24`, "dev", "eth0"]);
  await run("ip", [...inside, "link", "set", "eth0", "up"]);
  await run("ip", [...inside, "link", "set", "lo", "up"]);
  return `/run/netns/${namespace}`;
}

/** Removes the bridge, its rule and all namespaces of a lab, as far as they are there. */
export async function removeNetwork(names: LabNames): Promise<void> {
  for (const namespace of await namespacesOf(names)) await run("ip", ["netns", "del", namespace]);
  await run("ip", ["link", "del", names.bridge]).catch(() => {});
  await run("iptables", ["-D", "FORWARD", ...passing(names.bridge)]).catch(() => {});
}

export async function namespacesOf(names: LabNames): Promise<string[]> {
  const { stdout } = await run("ip", ["netns", "list"]);
  const found = stdout.split("\n").map((line) => line.split(" ")[0] ?? "");
  return found.filter((name) => name.startsWith(names.namespace("")));
}

/** Returns a rule for what goes from one machine to another. */
function passing(bridge: string): string[] {
  return ["-i", bridge, "-o", bridge, "-j", "ACCEPT"];
}
