import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { until } from "../contract/engine-contract.ts";
import { certificateFor } from "./certificate.ts";
import { type Cleanup, directory, listenLocally } from "./egress.ts";
import { fencesOf } from "./markdown.ts";
import { pageAt } from "./pages.ts";

export const NAME = "isolate.example.com";
const PAGE = "docs/operate/reverse-proxy.md";

/** A program of the page: its file there, and its command for a copy of that file. */
interface Program {
  readonly file: string;
  readonly command: (file: string) => readonly string[];
  /** Adds what the distribution's own files have around it. */
  readonly around: (text: string, folder: string) => string;
}

export const PROGRAMS: Readonly<Record<string, Program>> = {
  caddy: {
    file: "/etc/caddy/Caddyfile",
    command: (file) => ["caddy", "run", "--adapter", "caddyfile", "--config", file],
    around: (text) => `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${text}`,
  },
  nginx: {
    file: "/etc/nginx/conf.d/isolate.conf",
    command: (file) => ["nginx", "-c", file],
    around: (text, folder) =>
      `daemon off; pid ${folder}/pid; error_log ${folder}/log; user root;
       events {} http { access_log off; ${text} }`,
  },
  haproxy: {
    file: "/etc/haproxy/haproxy.cfg",
    command: (file) => ["haproxy", "-db", "-f", file],
    around: (text) => `${text}\n`,
  },
};

export const isInstalled = (name: string): boolean =>
  spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;

/** Returns a file of the page, without the comment that names it. */
export function fileOf(path: string): string {
  const text = fencesOf(pageAt(PAGE).text)
    .map((fence) => fence.text)
    .find((fence) => fence.startsWith(`# ${path}\n`));
  if (text === undefined) throw new Error(`${PAGE} has no ${path}`);
  return text;
}

/** Passes connections of a proxy on to a server, and notes how they end. */
export class Relay {
  /** Connections so far. */
  opened = 0;
  /** Connections that the server was the first to end. */
  endedByServer = 0;
  readonly #sockets = new Set<Socket>();

  async listen(cleanup: Cleanup, port: number): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (proxy) => {
      this.opened += 1;
      let isOver = false;
      const upstream = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      upstream.once("end", () => {
        if (!isOver) this.endedByServer += 1;
        isOver = true;
      });
      for (const event of ["end", "close"]) proxy.once(event, () => (isOver = true));
      for (const [from, to] of [[proxy, upstream] as const, [upstream, proxy] as const]) {
        this.#sockets.add(from.on("error", () => to.destroy()));
        from.once("close", () => to.destroySoon());
        from.pipe(to);
      }
    });
    cleanup.add(() => {
      for (const socket of this.#sockets) socket.destroy();
      server.close();
    });
    return listenLocally(server);
  }
}

export interface RunningProxy {
  readonly port: number;
  readonly cert: string;
  readonly relay: Relay;
}

/** Runs a program by its file in the page, on loopback, in front of a server's port. */
export async function startReverseProxy(
  cleanup: Cleanup,
  name: string,
  serverPort: number,
): Promise<RunningProxy> {
  const { file, command, around } = PROGRAMS[name] as Program;
  const folder = await directory(cleanup);
  const relay = new Relay();
  const relayPort = await relay.listen(cleanup, serverPort);
  const { key, cert } = certificateFor(NAME);
  const port = await freePort();
  const pems = { "cert.pem": cert, "key.pem": key, "both.pem": key + cert };
  for (const [pem, text] of Object.entries(pems)) await writeFile(join(folder, pem), text);
  const text = fileOf(file)
    .replace("127.0.0.1:8787", `127.0.0.1:${relayPort}`)
    .replaceAll("/etc/ssl/isolate/", `${folder}/`)
    .replace("bind :443", `bind 127.0.0.1:${port}`)
    .replace("listen 443", `listen 127.0.0.1:${port}`)
    .replace(`${NAME} {`, `${NAME}:${port} {`);
  await run(cleanup, name, { text: around(text, folder), command, folder, port });
  return { port, cert, relay };
}

/** Runs Caddy by its file for any name, with certificates of its own. Returns its port. */
export async function startOnDemand(cleanup: Cleanup, serverPort: number): Promise<number> {
  const folder = await directory(cleanup);
  const port = await freePort();
  const { command } = PROGRAMS.caddy as Program;
  const text = fileOf("/etc/caddy/Caddyfile, for any name")
    .replaceAll("127.0.0.1:8787", `127.0.0.1:${serverPort}`)
    .replace("{\n", "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n")
    .replace("https:// {", `https://:${port} {`)
    .replace("on_demand\n\t}", "on_demand\n\t\tissuer internal\n\t}");
  await run(cleanup, "caddy", { text, command, folder, port });
  return port;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listenLocally(probe);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

interface Run extends Pick<Program, "command"> {
  readonly text: string;
  readonly folder: string;
  readonly port: number;
}

/** Runs a program by this file until it listens. */
async function run(
  cleanup: Cleanup,
  name: string,
  { text, command, folder, port }: Run,
): Promise<void> {
  await writeFile(join(folder, "config"), text);
  const [program = "", ...args] = command(join(folder, "config"));
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (log += chunk));
  cleanup.add(() => stop(child));
  await until(async () => child.exitCode !== null || (await accepts(port)));
  if (child.exitCode !== null) throw new Error(`${name} ended: ${log}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // Lets nginx end its workers.
  child.kill("SIGTERM");
  await once(child, "exit");
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.once("error", () => resolve(false)).once("connect", () => socket.destroy());
  });
}
