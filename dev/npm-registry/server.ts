import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import {
  installedPackage,
  installedWithDependencies,
  type PublishedPackage,
  type ServedVersion,
  served,
} from "./packages.ts";

/** Faulty answer to each request for a package's packument or tarball. */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly body?: string }
  /** Answers after these milliseconds; never by default. */
  | { readonly kind: "slow"; readonly after?: number }
  | { readonly kind: "redirect"; readonly to: string }
  /** A page in place of JSON or a tarball. */
  | { readonly kind: "html" }
  /** Half of the bytes, then the connection's end. */
  | { readonly kind: "truncated" }
  /** Bytes of another tarball than the integrity says. */
  | { readonly kind: "other-bytes"; readonly bytes?: Uint8Array }
  /** Zeros without an end. */
  | { readonly kind: "endless" }
  /** A packument or tarball of these bytes. */
  | { readonly kind: "body"; readonly body: string | Uint8Array; readonly encoding?: string };

interface TlsOptions {
  readonly key: string;
  readonly cert: string;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/**
 * An npm registry on loopback, for tests and the bench.
 *
 * @example
 * const registry = await TestRegistry.start([{ name: "a", files: { "index.js": "exports.a = 1" } }]);
 * registry.url; // http://127.0.0.1:4873
 * registry.publishInstalled(ROOT, ["zod", "hono"]);
 * registry.fault("a", "tarball", { kind: "truncated" });
 * await registry.stop();
 */
export class TestRegistry {
  readonly seen: SeenRequest[] = [];
  /** Number of connections so far. */
  connections = 0;
  /** Number of requests that are neither answered nor given up. */
  open = 0;
  /** Answer to questions for advisories, by name. `undefined`: the registry has no such route. */
  advisories: Readonly<Record<string, readonly object[]>> | undefined;
  /** Token that each request needs. */
  token: string | undefined;
  /** Fault of every request. */
  everyFault: Fault | undefined;
  readonly #versions = new Map<string, Map<string, ServedVersion>>();
  readonly #tags = new Map<string, Record<string, string>>();
  readonly #faults = new Map<string, Fault>();
  readonly #server: Server;

  private constructor(tls?: TlsOptions) {
    const serve: RequestListener = (request, response) => {
      this.open += 1;
      response.once("close", () => {
        this.open -= 1;
      });
      this.#serve(request, response).catch(() => response.destroy());
    };
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  }

  static async start(
    packages: readonly PublishedPackage[] = [],
    { token, tls }: { readonly token?: string; readonly tls?: TlsOptions } = {},
  ): Promise<TestRegistry> {
    const registry = new TestRegistry(tls);
    registry.token = token;
    registry.publish(...packages);
    registry.#server.on("connection", () => {
      registry.connections += 1;
    });
    await new Promise<void>((go) => registry.#server.listen(0, "127.0.0.1", go));
    return registry;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** Its `host:port`, in the format of `ISOLATE_EGRESS_PRIVATE`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Publishes versions. The last one of each name is its `latest`. */
  publish(...packages: readonly PublishedPackage[]): void {
    for (const one of packages) {
      const version = served(one);
      const versions = this.#versions.get(one.name) ?? new Map();
      this.#versions.set(one.name, versions.set(version.version, version));
      this.tag(one.name, "latest", version.version);
    }
  }

  tag(name: string, tag: string, version: string): void {
    this.#tags.set(name, { ...this.#tags.get(name), [tag]: version });
  }

  /** Publishes installed packages of `root`, with all that they depend on. */
  publishInstalled(root: string, names: readonly string[]): void {
    this.publish(...installedWithDependencies(root, names).map(installedPackage));
  }

  /** Sets or removes the fault of a package. */
  fault(name: string, of: "packument" | "tarball", fault?: Fault): void {
    const key = `${of} ${name}`;
    if (fault === undefined) this.#faults.delete(key);
    else this.#faults.set(key, fault);
  }

  /** Lists the paths of the requests since the last call. */
  takeSeen(): string[] {
    return this.seen.splice(0).map(({ path }) => path);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(request.url ?? "/");
    this.seen.push({ method: request.method ?? "", path, headers: request.headers });
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401, { "content-type": "application/json" }).end('{"error":"no token"}');
      return;
    }
    if (path === "/-/npm/v1/security/advisories/bulk") {
      await this.#advise(request, response);
      return;
    }
    const [name = "", file] = path.slice(1).split("/-/");
    const body = await (file === undefined ? this.#packument(name) : this.#tarball(path, name));
    const type = file === undefined ? "application/json" : "application/octet-stream";
    const fault =
      this.everyFault ??
      this.#faults.get(`${file === undefined ? "packument" : "tarball"} ${name}`);
    if (fault !== undefined) answerFaulty(response, fault, body ?? "");
    else if (body === undefined) response.writeHead(404, JSON_TYPE).end('{"error":"Not found"}');
    else response.writeHead(200, { "content-type": type }).end(body);
  }

  async #packument(name: string): Promise<string | undefined> {
    const versions = this.#versions.get(name);
    if (versions === undefined) return undefined;
    const all = [...versions.values()];
    const told = await Promise.all(
      all.map(async ({ version, manifest, path, dist }) => {
        return [
          version,
          { ...manifest, dist: { tarball: `${this.url}${path}`, ...(await dist()) } },
        ];
      }),
    );
    const time = all.map(({ version, published }) => [version, published]);
    return JSON.stringify({
      name,
      "dist-tags": this.#tags.get(name),
      time: Object.fromEntries([
        ["created", all[0]?.published],
        ["modified", all[0]?.published],
        ...time,
      ]),
      versions: Object.fromEntries(told),
    });
  }

  async #tarball(path: string, name: string): Promise<Buffer | undefined> {
    const all = [...(this.#versions.get(name)?.values() ?? [])];
    return all.find((one) => one.path === path)?.bytes();
  }

  async #advise(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { advisories } = this;
    if (this.everyFault !== undefined) answerFaulty(response, this.everyFault, "");
    else if (advisories === undefined) response.writeHead(404, JSON_TYPE).end("{}");
    else {
      const asked = Object.keys(JSON.parse(String(Buffer.concat(chunks))));
      const told = asked.filter((name) => name in advisories);
      const answer = Object.fromEntries(told.map((name) => [name, advisories[name]]));
      response.writeHead(200, JSON_TYPE).end(JSON.stringify(answer));
    }
  }
}

const JSON_TYPE = { "content-type": "application/json" };

function answerFaulty(response: ServerResponse, fault: Fault, body: string | Uint8Array): void {
  switch (fault.kind) {
    case "status":
      response.writeHead(fault.status, JSON_TYPE).end(fault.body ?? "{}");
      return;
    case "slow":
      if (fault.after !== undefined) setTimeout(() => response.end(body), fault.after);
      return;
    case "redirect":
      response.writeHead(302, { location: fault.to }).end();
      return;
    case "html":
      response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><p>Sign in");
      return;
    case "truncated": {
      const all = Buffer.from(body);
      response.writeHead(200, { "content-length": all.length });
      response.write(all.subarray(0, all.length >> 1), () => response.destroy());
      return;
    }
    case "other-bytes":
      response.writeHead(200).end(fault.bytes ?? Buffer.from("other bytes"));
      return;
    case "endless":
      response.writeHead(200);
      writeEndlessly(response);
      return;
    case "body":
      response.writeHead(200, fault.encoding ? { "content-encoding": fault.encoding } : {});
      response.end(fault.body);
  }
}

const ZEROS = Buffer.alloc(65_536);

function writeEndlessly(response: ServerResponse): void {
  if (response.destroyed) return;
  if (response.write(ZEROS)) setImmediate(() => writeEndlessly(response));
  else response.once("drain", () => writeEndlessly(response));
}
