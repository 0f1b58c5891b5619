import { parse } from "pg-connection-string";
import type { DatabaseHost, DatabaseTarget, DatabaseTls } from "../protocol/database-target.ts";

const DEFAULT_PORT = 5_432;
const MOST_PEM = 65_536;
const KNOWN_OPTIONS = ["sslmode", "sslrootcert", "sslcert", "sslkey", "options"];

const ONLY_OPTIONS = `It may have no options but ${KNOWN_OPTIONS.join(", ")}; a "?" in a password is %3F`;

/**
 * Reads the URL of a database, and the files it names (`sslrootcert`, `sslcert`, `sslkey`). Without
 * `sslmode` the connection is unencrypted, as in the usual JavaScript clients. The modes mean the
 * same as in libpq. `more` lists further `host:port` that are tried if the URL's own host cannot be
 * reached.
 *
 * @throws {Error} For a bad URL. The message does not quote it, because it is a secret.
 *
 * @example
 * parseDatabaseUrl("postgres://app:pw@db.example.com/shop").hosts // [{ host: "db.example.com", port: 5432 }]
 */
export function parseDatabaseUrl(url: string, more: readonly string[] = []): DatabaseTarget {
  const { protocol, searchParams } = readUrl(url);
  if (protocol !== "postgres:" && protocol !== "postgresql:") {
    throw new Error("It does not begin with postgres:// or postgresql://");
  }
  for (const name of searchParams.keys()) {
    // The supposed option may be the rest of a password with a question mark.
    if (!KNOWN_OPTIONS.includes(name)) throw new Error(ONLY_OPTIONS);
  }
  if (searchParams.get("sslmode") === "verify-ca" && !searchParams.has("sslrootcert")) {
    throw new Error("sslmode=verify-ca takes an sslrootcert");
  }
  const { host, port, user, password, database, options, ssl } = read(url);
  if (!host || host.startsWith("/")) throw new Error("It names no host");
  if (!user) throw new Error("It names no user");
  const tls = tlsOf(searchParams.get("sslmode"), filesOf(ssl));
  return {
    hosts: [{ host, port: Number(port ?? "") || DEFAULT_PORT }, ...more.map(hostOf)],
    user,
    password: password ?? "",
    database: database || user,
    ...(options && { options }),
    ...(tls && { tls }),
  };
}

/** Formats a host as permissions write it: `host:port`. */
export function formatDatabaseHost({ host, port }: DatabaseHost): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function readUrl(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new Error("It is no URL");
  }
}

function read(url: string): ReturnType<typeof parse> {
  try {
    return parse(url, { useLibpqCompat: true });
  } catch (error) {
    // The fault lies in a file, whose name is no secret, or in the URL itself, which is one.
    const { code, path } = error as { code?: unknown; path?: unknown };
    throw new Error(typeof path === "string" ? `${path} cannot be read (${code})` : "It is no URL");
  }
}

function filesOf(ssl: ReturnType<typeof parse>["ssl"]): Omit<DatabaseTls, "mode"> {
  if (typeof ssl !== "object") return {};
  const { ca, cert, key } = ssl;
  const bytes = [ca, cert, key].reduce((sum, text) => sum + (text?.length ?? 0), 0);
  // They are sent along with each execution.
  if (bytes > MOST_PEM) throw new Error(`Its certificates have more than ${MOST_PEM} bytes`);
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function tlsOf(mode: string | null, files: Omit<DatabaseTls, "mode">): DatabaseTls | undefined {
  switch (mode) {
    case null:
    case "disable":
      return undefined;
    case "require":
      // As in libpq: naming a signer asks for verification.
      return { mode: files.ca === undefined ? "require" : "verify-ca", ...files };
    case "prefer":
    case "verify-ca":
    case "verify-full":
      return { mode, ...files };
    default:
      throw new Error(`sslmode is none of disable, prefer, require, verify-ca and verify-full`);
  }
}

function hostOf(text: string): DatabaseHost {
  const { hostname, port } = readUrl(`postgres://${text}`);
  return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port) || DEFAULT_PORT };
}
