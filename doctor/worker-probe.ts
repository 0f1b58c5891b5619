import { UPSTREAM_PORT } from "./probe.ts";

/** Refusals of an action without permission, by the runtime, and by the runner for Node workers. */
export const REFUSAL =
  /Requires [\w ]*access|Can't escalate parent thread permissions|are not available here/;

/** Actions that code without a permission must not succeed in. Each returns its error, or "ok". */
export const ATTEMPTS = `
  const { createRequire } = await import("node:module");
  const { readFileSync } = await import("node:fs");
  const { execFileSync } = await import("node:child_process");
  const { Worker: NodeWorker } = await import("node:worker_threads");
  const blob = (code) => URL.createObjectURL(new Blob([code]));
  const address = { hostname: upstream, port: ${UPSTREAM_PORT} };
  const url = "http://" + upstream + ":${UPSTREAM_PORT}/";
  const nested = () => new Promise((resolve, reject) => {
    const code = 'try { Deno.readTextFileSync("/etc/passwd"); postMessage("ok"); }'
      + ' catch (error) { postMessage(error.message); }';
    const options = { type: "module", deno: { permissions: "inherit" } };
    const worker = new Worker(blob(code), options);
    worker.onmessage = ({ data }) => data === "ok" ? resolve() : reject(new Error(data));
  });
  const more = { type: "module", deno: { permissions: { read: true } } };
  const attempts = {
    read: () => Deno.readTextFile("/etc/passwd"),
    readByNode: () => readFileSync("/etc/passwd"),
    require: () => createRequire("file:///probe.js")("/etc/passwd"),
    import: () => import("file:///etc/passwd"),
    importText: () => import("file:///etc/passwd", { with: { type: "text" } }),
    importRemote: () => import(url + "module.js"),
    list: () => [...Deno.readDirSync("/")],
    write: () => Deno.writeTextFile("/tmp/probe", ""),
    connect: () => Deno.connect(address),
    control: () => Deno.connect({ transport: "unix", path: "/run/isolate/control.sock" }),
    fetch: () => fetch(url),
    fetchFile: () => fetch("file:///etc/passwd"),
    listen: () => Deno.listen({ port: 0 }),
    environment: () => Deno.env.get("PATH"),
    command: () => new Deno.Command("/bin/deno", { args: ["--version"] }).output(),
    commandByNode: () => execFileSync("/bin/deno", ["--version"]),
    kill: () => Deno.kill(99, "SIGCONT"),
    library: () => Deno.dlopen("libc.so.6", {}),
    system: () => Deno.hostname(),
    nestedWorker: nested,
    nestedWithMore: () => new Worker(blob(""), more),
    nodeWorker: () => new NodeWorker("/etc/passwd"),
  };
  const answers = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    answers[name] = await said(async () => {
      try {
        await attempt();
      } catch (error) {
        throw new Error(error.message);
      }
    });
  }
  return answers;
`;
