import { link, mkdir, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DecisionRecord } from "../../egress/decision-log.ts";
import { type EgressOptions, startEgress } from "../../egress/start.ts";
import type { AdminAnswer, AdminEvent, RunReport } from "../../src/protocol/egress-admin.ts";
import type { EgressLimits } from "../../src/protocol/egress-limits.ts";
import { LineDecoder } from "../../src/protocol/lines.ts";

/** Steps that close everything a test has opened, in reverse order. */
export class Cleanup {
  #steps: (() => unknown)[] = [];

  add(step: () => unknown): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0).reverse()) await step();
  }
}

/** The control plane's end of an admin socket. */
export class AdminClient {
  readonly events: AdminEvent[] = [];
  /** Certificate by which sandboxes know the proxy. */
  authority = "";
  readonly socket: Socket;
  readonly #answers: ((answer: AdminAnswer) => void)[] = [];
  #id = 0;

  constructor(path: string) {
    this.socket = connect(path).on("error", () => {});
    const decoder = new LineDecoder(1_048_576);
    this.socket.on("data", (chunk: Buffer) => {
      for (const line of decoder.push(chunk)) {
        const message = JSON.parse(line);
        if (message.event === "authority") this.authority = message.certificate;
        else if ("event" in message) this.events.push(message);
        else this.#answers.shift()?.(message);
      }
    });
  }

  ask(request: object): Promise<AdminAnswer> {
    this.#id += 1;
    return this.askRaw(JSON.stringify({ id: this.#id, ...request }));
  }

  askRaw(line: string): Promise<AdminAnswer> {
    return new Promise((resolve) => {
      this.#answers.push(resolve);
      this.socket.write(`${line}\n`);
    });
  }

  async close(run: string): Promise<RunReport> {
    const answer = await this.ask({ op: "close", run });
    if (!answer.ok || answer.report === undefined) throw new Error(JSON.stringify(answer));
    return answer.report;
  }
}

export interface StartedProxy {
  readonly admin: AdminClient;
  readonly adminSocket: string;
  readonly records: DecisionRecord[];
  /** Opens a run and returns the path of its socket. */
  open(allow: string[], run?: string, bindings?: readonly object[]): Promise<string>;
  /** Makes a sandbox's directory and returns the path for its socket. */
  slot(): Promise<string>;
}

/** Makes a directory for sockets, which is removed after the test. */
export async function directory(cleanup: Cleanup): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "egress-"));
  cleanup.add(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Starts a proxy in this process, and an admin connection to it. */
export async function startProxy(
  cleanup: Cleanup,
  options: Omit<EgressOptions, "adminSocket"> = {},
): Promise<StartedProxy> {
  const path = await directory(cleanup);
  const records: DecisionRecord[] = [];
  const adminSocket = join(path, "admin.sock");
  const egress = await startEgress({
    adminSocket,
    audit: (record) => records.push(record),
    // Replaces the real resolver: no test asks a name server.
    resolver: async (name) => Promise.reject(new Error(`Nobody knows ${name}`)),
    ...options,
  });
  cleanup.add(() => egress.close());
  return proxyAt(path, records);
}

/** Connects to a running proxy, whose sockets are in a directory. */
export function proxyAt(path: string, records: DecisionRecord[]): StartedProxy {
  const adminSocket = join(path, "admin.sock");
  const admin = new AdminClient(adminSocket);
  let slots = 0;

  async function slot(): Promise<string> {
    slots += 1;
    await mkdir(join(path, `slot${slots}`));
    return join(path, `slot${slots}`, "egress.sock");
  }
  async function open(allow: string[], run = "run1", bindings?: readonly object[]) {
    const socket = await slot();
    const policy = { allow, ...(bindings && { bindings }) };
    const answer = await admin.ask({
      op: "open",
      egress: { socket, policy },
      run,
      tenant: "default",
    });
    if (!answer.ok) throw new Error(answer.error.message);
    return socket;
  }
  return { admin, adminSocket, records, open, slot };
}

/** Starts a proxy with a run that may reach a port of loopback, as `up.test`. */
export async function proxyTo(
  cleanup: Cleanup,
  port: number,
  limits: Partial<EgressLimits> = {},
): Promise<{ proxy: StartedProxy; path: string; name: string }> {
  const name = `up.test:${port}`;
  const hosts = { "up.test": "127.0.0.1" };
  const proxy = await startProxy(cleanup, { hosts, private: [name], limits });
  return { proxy, path: await proxy.open([name]), name };
}

export interface Upstream {
  readonly port: number;
  /** Connections so far. */
  readonly sockets: Socket[];
  /** Returns everything received so far, over all connections. */
  received(): string;
}

/** Starts a server on 127.0.0.1 that handles each connection by `serve`. */
export async function startUpstream(
  cleanup: Cleanup,
  serve: (socket: Socket) => void,
): Promise<Upstream> {
  const sockets: Socket[] = [];
  const chunks: Buffer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on("error", () => {}));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    serve(socket);
  });
  const port = await listenLocally(server);
  cleanup.add(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port, sockets, received: () => Buffer.concat(chunks).toString("latin1") };
}

/** Listens on a free port of 127.0.0.1 and returns it. */
export async function listenLocally(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Leaves a socket without a listener, as a killed process does. */
export async function leaveSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}~`, resolve));
  await link(`${path}~`, path);
  await new Promise((resolve) => server.close(resolve));
}

/** Sends back everything it receives. */
export function echo(socket: Socket): void {
  socket.pipe(socket);
}

/** A connection to a sandbox's socket. */
export class Client {
  readonly socket: Socket;
  /** Resolves with true after an error, once the connection is closed. */
  readonly closed: Promise<void>;
  #chunks: Buffer[] = [];
  #waiting: (() => void)[] = [];

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#wake();
    });
    this.socket.on("end", () => this.socket.end());
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
    this.socket.once("close", () => this.#wake());
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString("latin1");
  }

  write(text: string | Buffer): void {
    this.socket.write(typeof text === "string" ? Buffer.from(text, "latin1") : text);
  }

  /** Waits until the received text matches. Fails if the connection ends before. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) {
      if (this.socket.closed) throw new Error(`Ended without ${pattern}: ${this.text}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.text;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Sends `text` on a new connection. Returns everything received until it ends. */
export async function say(path: string, text: string | Buffer): Promise<string> {
  const client = new Client(path);
  client.write(text);
  await client.closed;
  return client.text;
}

/** Returns the refusal's code of an answer, or its status line. */
export function outcome(answer: string): string {
  return /^X-Isolate-Denied: (.*)$/m.exec(answer)?.[1]?.trim() ?? answer.split("\r\n")[0] ?? "";
}

/** Waits until `condition` holds, for at most thirty seconds. */
export async function eventually(condition: () => boolean): Promise<void> {
  const end = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`This never came true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
