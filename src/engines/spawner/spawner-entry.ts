/**
 * Program for Node.js that starts processes for the control plane. A process is started by a copy
 * of its parent, so a small parent starts one sooner. Orders come by standard input, reports go to
 * standard output. When the input ends, the control plane is gone, and so end all processes.
 */
import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import { ownDescriptors } from "../../base/inherited-descriptors.ts";
import { type Command, lines, type Order, type Report } from "./orders.ts";
import { startOf } from "./same-process.ts";

const MAX_SAID = 2_000;
/** Signals that a terminal or a service manager sends to all processes of the control plane. */
const LEFT_TO_THE_CONTROL_PLANE = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const running = new Map<number, ChildProcess>();

function report(report: Report): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

function start(number: number, { file, args, cwd, env }: Command): void {
  const stdio = ownDescriptors(["ignore", "ignore", "pipe"] as const) as StdioOptions;
  const child = spawn(file, args, { cwd, env, stdio });
  let said = "";
  const end = (code: number): void => {
    if (running.delete(number)) report({ ended: number, code, said });
  };
  running.set(number, child);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(0, MAX_SAID);
  });
  child.once("error", () => end(-1));
  child.once("close", (code, signal) => {
    end(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
  });
  const { pid } = child;
  // Read before its end can be noted, so that it is no other process's.
  if (pid !== undefined) report({ started: number, pid, start: startOf(pid) });
}

function stop(): never {
  for (const child of running.values()) child.kill("SIGKILL");
  process.exit();
}

for (const signal of LEFT_TO_THE_CONTROL_PLANE) process.on(signal, () => {});
process.stdout.on("error", stop);
process.stdin.on("error", stop).on("end", stop);
process.stdin.setEncoding("utf8").on(
  "data",
  lines<Order>((order) => {
    if ("start" in order) start(order.start, order.command);
    else if ("hush" in order) running.get(order.hush)?.stderr?.destroy();
    else if ("alive" in order) report(order);
    else running.get(order.to)?.kill(order.signal);
  }),
);
