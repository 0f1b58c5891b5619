import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import {
  appendFile,
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  rename,
  rm,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";

const run = promisify(execFile);
const VERSIONS = "/usr/lib/postgresql";
const CACHE = fileURLToPath(new URL("../node_modules/.cache/isolate", import.meta.url));

/** Password of the superuser in copied data, until a server has started. */
const FIRST_PASSWORD = "first";

/** Tables of the published example, with the rows that tests start from. */
const TABLES = `
  create table users (id serial primary key, name text not null, email text not null unique,
    active boolean not null default true, created_at timestamp default now());
  create table posts (id serial primary key, title text not null, content text,
    user_id integer references users(id), created_at timestamp default now());
  insert into users (name, email) values ('Alice', 'alice@example.com'), ('Bob', 'bob@example.com');`;

/** Place of a server other than a free port of loopback. */
export interface PostgresPlace {
  /** Folder for the data, which all users may enter. */
  readonly directory: string;
  /** File of the network namespace that it runs in. */
  readonly network: string;
  /** Address there, where clients from anywhere give their password. */
  readonly address: string;
  readonly port: number;
}

/**
 * A PostgreSQL server for one test, on a loopback port, with a temporary data directory. Passwords
 * (SCRAM) and TLS are on. The certificate is self-signed and names `localhost`.
 */
export class Postgres {
  readonly port: number;
  /** Password of every role. */
  readonly password: string;
  /** PEM file of the certificate that signs the server's. */
  readonly certificate: string;
  readonly #address: string;
  readonly #directory: string;
  readonly #server: ChildProcess;

  private constructor(
    directory: string,
    { address, port }: Pick<PostgresPlace, "address" | "port">,
    password: string,
    server: ChildProcess,
  ) {
    this.#directory = directory;
    this.#address = address;
    this.port = port;
    this.password = password;
    this.certificate = join(directory, "server.crt");
    this.#server = server;
  }

  /**
   * Starts a server with the roles `app` and `admin` (a superuser), and the database `app`. `more`
   * are settings beside those of each test.
   */
  static async start(
    more: Readonly<Record<string, string>> = {},
    place?: PostgresPlace,
  ): Promise<Postgres> {
    const directory = await mkdtemp(join(place?.directory ?? tmpdir(), "isolate-pg-"));
    const owner = await ownerOf();
    const password = `s3cret-${randomBytes(8).toString("hex")}`;
    const data = join(directory, "data");
    await makeCertificate(directory);
    for (const name of ["", "server.key", "server.crt"]) {
      await chown(join(directory, name), owner.uid, owner.gid);
    }
    await run("cp", ["-a", await emptyData(owner), data]);
    if (place) await appendFile(join(data, "pg_hba.conf"), "host all all all scram-sha-256\n");
    const postgres = await Postgres.#launch(directory, password, more, place, FIRST_PASSWORD);
    const own = `alter role admin password '${password}'`;
    await postgres.query(own, "postgres", FIRST_PASSWORD);
    await postgres.query(`create role app login password '${password}'`, "postgres");
    await postgres.query("create database app owner app", "postgres");
    await postgres.reset();
    return postgres;
  }

  /** Starts a server that repeats all of this one's changes, and each commit of this one waits for it. */
  async standby(): Promise<Postgres> {
    const directory = await mkdtemp(join(tmpdir(), "isolate-pg-"));
    const owner = await ownerOf();
    for (const name of ["server.key", "server.crt"]) {
      await cp(join(this.#directory, name), join(directory, name));
      await chown(join(directory, name), owner.uid, owner.gid);
    }
    await chown(directory, owner.uid, owner.gid);
    const { host, port, user } = this.#superuser;
    const source = ["-h", String(host), "-p", String(port), "-U", String(user)];
    await run(
      binary("pg_basebackup"),
      [...source, "-D", join(directory, "data"), "-R", "-c", "fast", "--no-sync"],
      { ...owner, env: { ...process.env, PGPASSWORD: this.password } },
    );
    const standby = await Postgres.#launch(directory, this.password);
    await this.query("alter system set synchronous_standby_names = '*'");
    await this.query("select pg_reload_conf()");
    for (const end = Date.now() + 30_000; ; await new Promise((go) => setTimeout(go, 50))) {
      const rows = await this.query("select 1 from pg_stat_replication where sync_state = 'sync'");
      if (rows.length > 0) return standby;
      if (Date.now() > end) throw new Error("The standby does not follow");
    }
  }

  /** Makes a standby the server that takes writes. */
  async promote(): Promise<void> {
    // Its own commits must wait for nobody.
    await this.query("alter system set synchronous_standby_names = ''");
    await this.query("select pg_promote()");
  }

  /** Id of the server's first process. */
  get pid(): number {
    return this.#server.pid ?? 0;
  }

  /** Ends the server as a crash would. */
  async crash(): Promise<void> {
    const exited = new Promise((resolve) => this.#server.once("exit", resolve));
    // SIGQUIT means that it saves nothing and tells nobody.
    this.#server.kill("SIGQUIT");
    await exited;
  }

  /** Builds the URL that an operator would set. `options` is a query string. */
  url(options = "", { user = "app", password = this.password, host = this.#address } = {}): string {
    return `postgresql://${user}:${password}@${host}:${this.port}/app${options}`;
  }

  /** Runs SQL as the superuser, on a connection of its own. */
  async query(
    sql: string,
    database = "app",
    password = this.password,
  ): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ ...this.#superuser, password, database });
    await client.connect();
    try {
      const results: pg.QueryResult | pg.QueryResult[] = await client.query(sql);
      return (Array.isArray(results) ? results.at(-1) : results)?.rows ?? [];
    } finally {
      await client.end();
    }
  }

  /** Counts the connections of `app`, as the server sees them. */
  async connections(condition = "true"): Promise<number> {
    const sql = `select count(*)::int as n from pg_stat_activity where usename = 'app' and ${condition}`;
    const [row] = await this.query(sql);
    return Number(row?.n);
  }

  /** Restores the tables as they were at the start. */
  async reset(): Promise<void> {
    await this.query(`set role app; drop table if exists posts, users; ${TABLES}`);
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#server.once("exit", resolve));
    // SIGINT means a fast shutdown: the server cuts connections and waits for none.
    if (this.#server.exitCode === null) {
      this.#server.kill("SIGINT");
      await exited;
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  /**
   * Starts a server on the directory `data` in `directory`, which has a certificate. `first` is the superuser's password
   * there.
   */
  static async #launch(
    directory: string,
    password: string,
    more: Readonly<Record<string, string>> = {},
    place?: PostgresPlace,
    first = password,
  ): Promise<Postgres> {
    const owner = await ownerOf();
    const { address, port } = place ?? { address: "127.0.0.1", port: await freePort() };
    const settings = {
      fsync: "off",
      ssl: "on",
      listen_addresses: address,
      max_connections: "60",
      ...more,
    };
    const [program, before, user] = place
      ? ["nsenter", within(place, owner), {}]
      : [binary("postgres"), [], owner];
    const server = spawn(
      program,
      [
        ...before,
        ...["-D", join(directory, "data"), "-k", directory, "-p", String(port)],
        ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
        `--ssl_cert_file=${join(directory, "server.crt")}`,
        `--ssl_key_file=${join(directory, "server.key")}`,
      ],
      { ...user, stdio: "ignore" },
    );
    const postgres = new Postgres(directory, { address, port }, password, server);
    await postgres.#ready(first);
    return postgres;
  }

  get #superuser(): pg.ClientConfig {
    return { host: this.#address, port: this.port, user: "admin", password: this.password };
  }

  async #ready(password: string): Promise<void> {
    for (const end = Date.now() + 30_000; ; await new Promise((go) => setTimeout(go, 50))) {
      try {
        await this.query("select 1", "postgres", password);
        return;
      } catch (error) {
        if (Date.now() > end || this.#server.exitCode !== null) throw error;
      }
    }
  }
}

/** Returns arguments for `nsenter`. The server ends with this process, and needs root to begin with. */
function within({ network }: PostgresPlace, { uid, gid }: Owner): string[] {
  const user = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--pdeathsig=KILL"];
  return [`--net=${network}`, "setpriv", ...user, binary("postgres")];
}

/**
 * Returns the data directory of a server that has never run. It is made once, because that takes a second. Several
 * processes may make it at the same time. The first one to finish counts.
 */
async function emptyData(owner: Owner): Promise<string> {
  const { stdout } = await run(binary("initdb"), ["--version"]);
  const [version = ""] = /[\d.]+/.exec(stdout) ?? [];
  const kept = join(CACHE, `postgres-${version}`);
  if (existsSync(kept)) return kept;
  const directory = await mkdtemp(join(tmpdir(), "isolate-pg-"));
  await writeFile(join(directory, "password"), FIRST_PASSWORD);
  for (const name of ["", "password"]) {
    await chown(join(directory, name), owner.uid, owner.gid);
  }
  const data = join(directory, "data");
  const initdb = ["-D", data, "-U", "admin", "-A", "scram-sha-256", "--no-sync"];
  initdb.push("-E", "UTF8", "--locale=C", `--pwfile=${join(directory, "password")}`);
  await run(binary("initdb"), initdb, owner);
  await mkdir(CACHE, { recursive: true });
  const unfinished = await mkdtemp(join(CACHE, "unfinished-"));
  await run("cp", ["-a", data, join(unfinished, "data")]);
  await rename(join(unfinished, "data"), kept).catch(() => {});
  await rm(unfinished, { recursive: true });
  await rm(directory, { recursive: true });
  return kept;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Finds the user for the server. It refuses to run as root, so root uses the distribution's user.
 */
async function ownerOf(): Promise<Owner> {
  const { uid, gid } = userInfo();
  if (uid !== 0) return { uid, gid };
  const id = async (flag: string): Promise<number> =>
    Number((await run("id", [flag, "postgres"])).stdout);
  return { uid: await id("-u"), gid: await id("-g") };
}

/** Finds a program of PostgreSQL. Debian keeps those of each version outside the path. */
function binary(name: string): string {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? name : join(VERSIONS, newest, "bin", name);
}

async function makeCertificate(directory: string): Promise<void> {
  const key = join(directory, "server.key");
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  args.push("-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key);
  args.push("-addext", "subjectAltName=DNS:localhost", "-out", join(directory, "server.crt"));
  await run("openssl", args);
  await chmod(key, 0o600);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
