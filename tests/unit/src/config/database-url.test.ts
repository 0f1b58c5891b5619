import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSettings } from "../../../../server/settings.ts";
import { config } from "../../../../src/config/config.ts";
import { parseDatabaseUrl } from "../../../../src/database/database-url.ts";

describe("the URL of a database", () => {
  it.each([
    ["postgres://u:p@h/d", { hosts: [{ host: "h", port: 5432 }], database: "d", password: "p" }],
    ["postgresql://u@h:6543", { hosts: [{ host: "h", port: 6543 }], database: "u", password: "" }],
    ["postgres://u:p%40s%2F@[::1]:5/d", { hosts: [{ host: "::1", port: 5 }], password: "p@s/" }],
    ["postgres://u:p@h/d?sslmode=disable", { user: "u" }],
    ["postgres://u:p@h/d?sslmode=verify-full", { tls: { mode: "verify-full" } }],
    ["postgres://u:p@h/d?options=-c%20search_path%3Dx", { options: "-c search_path=x" }],
  ])("%s is read", (url, target) => {
    expect(parseDatabaseUrl(url)).toMatchObject(target);
  });

  it.each([
    ["hunter2", "is no URL"],
    ["mysql://u:hunter2@h/d", "postgres://"],
    ["postgres://u:hunter2@/d", "no URL"],
    ["postgres://:hunter2@h/d", "no user"],
    ["postgres://u:hunter2@h_x/d", "a host that is none"],
    ["postgres://u:hunter2@h/d?sslmode=maybe", "sslmode"],
    ["postgres://u:hunter2@h/d?sslmode=verify-ca", "sslrootcert"],
    ["postgres://u:hunter2@h/d?sslmode=require&sslrootcert=/none/ca.pem", "/none/ca.pem"],
    ["postgres://u:hunter2@h/d?host=/var/run", "no options but sslmode"],
    ["postgres://u:hunter2@h/d?password=x", "no options but sslmode"],
    ["postgres://u:12?hunter2@h/d", "%3F"],
  ])("%s is a setting that is refused without being quoted", (url, reason) => {
    for (const [read, name] of [
      [() => readSettings({ DATABASE_URL: url }), "DATABASE_URL"],
      [() => config({ db: { url } }), "db.url"],
    ] as const) {
      const message = messageOf(read);
      expect(message).toContain(name);
      expect(message).toContain(reason);
      expect(message).not.toContain("hunter2");
    }
  });

  it("names no more certificates than can go along with each execution", async () => {
    const file = join(await mkdtemp(join(tmpdir(), "pem-")), "all.pem");
    await writeFile(file, "x".repeat(70_000));
    const url = `postgres://u:hunter2@h/d?sslmode=require&sslrootcert=${file}`;
    expect(messageOf(() => readSettings({ DATABASE_URL: url }))).toContain("65536 bytes");
    await rm(dirname(file), { recursive: true });
  });

  it.each(["*", "*.example:5432", "db.example", "db.example:0", "db_x:1"])(
    "has no %s to fall back on",
    (host) => {
      expect(messageOf(() => config({ db: { hosts: [host] } }))).toMatch(/^db\.hosts\[0\]: /);
    },
  );
});

function messageOf(act: () => unknown): string {
  try {
    act();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}
