import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { Postgres } from "../../dev/postgres.ts";

const PROGRAMS = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"];

/** Finds PgBouncer, which the set-up installs where it can. */
export const PGBOUNCER = PROGRAMS.find((program) => spawnSync(program, ["--version"]).status === 0);

/** A real PgBouncer in transaction mode before a server, with few connections to it. */
export class PgBouncer {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #directory: string;

  private constructor(port: number, process: ChildProcess, directory: string) {
    this.port = port;
    this.#process = process;
    this.#directory = directory;
  }

  static async start(postgres: Postgres, more: readonly string[] = []): Promise<PgBouncer> {
    const directory = await mkdtemp(join(tmpdir(), "isolate-pgbouncer-"));
    const port = await freePort();
    const server = `host=127.0.0.1 port=${postgres.port}`;
    const lines = [
      "[databases]",
      `app = ${server} user=app password=${postgres.password}`,
      "[pgbouncer]",
      ...["listen_addr = 127.0.0.1", `listen_port = ${port}`, "unix_socket_dir ="],
      ...["auth_type = plain", `auth_file = ${join(directory, "users")}`],
      // Two connections for all clients, so that their statements do change places.
      ...["pool_mode = transaction", "default_pool_size = 2", "max_client_conn = 200"],
      ...more,
    ];
    await writeFile(join(directory, "users"), `"app" "${postgres.password}"\n`);
    await writeFile(join(directory, "pgbouncer.ini"), `${lines.join("\n")}\n`);
    const owner = await ownerOf(directory);
    const program = PGBOUNCER ?? "pgbouncer";
    const child = spawn(program, [join(directory, "pgbouncer.ini")], { ...owner, stdio: "ignore" });
    const bouncer = new PgBouncer(port, child, directory);
    await bouncer.#ready(postgres);
    return bouncer;
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#process.once("exit", resolve));
    if (this.#process.exitCode === null && this.#process.kill("SIGTERM")) await exited;
    await rm(this.#directory, { recursive: true, force: true });
  }

  url(url: string): string {
    const through = new URL(url);
    through.port = String(this.port);
    return through.href;
  }

  async #ready(postgres: Postgres): Promise<void> {
    for (const end = Date.now() + 20_000; ; await new Promise((go) => setTimeout(go, 50))) {
      const client = new pg.Client(this.url(postgres.url()));
      client.on("error", () => {});
      try {
        await client.connect();
        return;
      } catch (error) {
        if (Date.now() > end || this.#process.exitCode !== null) throw error;
      } finally {
        await client.end().catch(() => {});
      }
    }
  }
}

/** Gives the files to a user of the distribution, because PgBouncer refuses to run as root. */
async function ownerOf(directory: string): Promise<{ uid?: number; gid?: number }> {
  if (userInfo().uid !== 0) return {};
  const [uid, gid] = ["-u", "-g"].map((flag) =>
    Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout),
  ) as [number, number];
  for (const name of ["", "users", "pgbouncer.ini"]) await chown(join(directory, name), uid, gid);
  await chmod(join(directory, "users"), 0o600);
  return { uid, gid };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
