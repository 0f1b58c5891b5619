import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type Docker from "dockerode";
import type { Container } from "dockerode";
import { until } from "../contract/engine-contract.ts";

const PROGRAMS = fileURLToPath(new URL("servers/", import.meta.url));

/** A request, as servers/web.ts records it. */
export interface WebNote {
  readonly path: string;
  readonly host: string;
  /** Number that is equal for requests on the same connection. */
  readonly connection: number;
}

/** A server in a container. */
export interface TestServerContainer<Note> {
  /** IPv4 address in the network. */
  readonly address: string;
  /** Reads all requests so far. */
  notes(): Promise<readonly Note[]>;
}

interface ServerOptions {
  /** Program in servers/ and its arguments. The name of the notes file is added. */
  readonly program: readonly [file: string, ...args: string[]];
  /** Names for other containers in the network. */
  readonly aliases?: readonly string[];
  /** Additional link-local address, to which the host has no route. */
  readonly linkLocal?: string;
}

/** A network of containers, separate from all others, with servers in it. */
export class TestNetwork {
  readonly name = `isolate-test-${randomBytes(4).toString("hex")}`;
  readonly #docker: Docker;
  readonly #image: string;
  readonly #directory: string;
  readonly #servers: Container[] = [];

  private constructor(docker: Docker, image: string, directory: string) {
    this.#docker = docker;
    this.#image = image;
    this.#directory = directory;
  }

  /** Creates a network. Its servers run on the Deno of the runner's image. */
  static async open(docker: Docker, image: string): Promise<TestNetwork> {
    const directory = await mkdtemp(join(tmpdir(), "servers-"));
    const network = new TestNetwork(docker, image, directory);
    await docker.createNetwork({
      Name: network.name,
      // Not `Internal`: there, the engine's resolver forwards nothing to ours.
      Options: { "com.docker.network.bridge.enable_ip_masquerade": "false" },
    });
    return network;
  }

  async serve<Note>(options: ServerOptions): Promise<TestServerContainer<Note>> {
    const { program, aliases = [], linkLocal } = options;
    const [file, ...args] = program;
    const id = randomBytes(4).toString("hex");
    const notes = join(this.#directory, id);
    const container = await this.#docker.createContainer({
      Image: this.#image,
      User: `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
      Cmd: ["run", "--quiet", "--allow-all", `/servers/${file}`, ...args, `/notes/${id}`],
      HostConfig: {
        NetworkMode: this.name,
        Binds: [`${PROGRAMS}:/servers:ro`, `${this.#directory}:/notes`],
        Sysctls: { "net.ipv4.ip_unprivileged_port_start": "0" },
      },
      NetworkingConfig: { EndpointsConfig: { [this.name]: endpoint(linkLocal, aliases) } },
    });
    this.#servers.push(container);
    await container.start();
    await until(() => existsSync(notes));
    const { NetworkSettings } = await container.inspect();
    return {
      address: NetworkSettings.Networks[this.name]?.IPAddress ?? "",
      async notes() {
        const lines = (await readFile(notes, "utf8")).split("\n").slice(0, -1);
        return lines.map((line) => JSON.parse(line) as Note);
      },
    };
  }

  /** Removes everything, also after a failure half-way. */
  async close(): Promise<void> {
    const removals = this.#servers.map((server) => server.remove({ force: true, v: true }));
    await Promise.allSettled(removals);
    await this.#docker.getNetwork(this.name).remove();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Makes the settings of a container in a network. */
export function endpoint(linkLocal: string | undefined, aliases: readonly string[] = []): object {
  return {
    Aliases: aliases,
    ...(linkLocal !== undefined && { IPAMConfig: { LinkLocalIPs: [linkLocal] } }),
  };
}
