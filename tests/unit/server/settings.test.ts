import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSettings } from "../../../server/settings.ts";
import { TestAuthority } from "../../helpers/certificates.ts";

describe("settings", () => {
  it("have the documented defaults", () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({
      host: "127.0.0.1",
      containers: { host: undefined, runtime: undefined },
      maxBody: 8_388_608,
      tools: [],
      drain: 10_000,
      store: resolve(".isolate/store"),
      publicUrl: undefined,
    });
    expect(settings.config).toMatchObject({
      port: 8787,
      maxSize: 1_048_576,
      maxBundleSize: 8_388_608,
      timeout: 3_000,
      memory: 256,
      cpus: 1,
      cluster: { min: 2, max: 8, idle: 120_000, prepared: 4 },
    });
  });

  it("are read from the environment", () => {
    const settings = readSettings({
      PORT: "9000",
      HOST: "::1",
      DOCKER_HOST: "unix:///x.sock",
      ISOLATE_RUNTIME: "runsc",
      ISOLATE_POOL_MIN: "1",
      ISOLATE_POOL_MAX: "4",
      ISOLATE_POOL_IDLE: "5000",
      ISOLATE_POOL_PREPARED: "2",
      ISOLATE_REUSE: "tenant",
      ISOLATE_REUSE_TOTAL: "3",
      ISOLATE_REUSE_IDLE: "9000",
      ISOLATE_CODE_BYTES: "2097152",
      ISOLATE_BUNDLE_BYTES: "33554432",
      ISOLATE_MEMORY: "2048",
      ISOLATE_CPUS: "0.5",
      ISOLATE_MOUNTS: '{"/data":"/srv/data"}',
      ISOLATE_ENV: '{"A":"1"}',
      ISOLATE_WILDCARDS: "true",
      ISOLATE_ISOLATED_NET: "true",
      ISOLATE_CEILING: '{"net":["*.example.com"],"env":["A"]}',
      ISOLATE_EGRESS_HOSTS: '{"db.internal":"10.0.0.5"}',
      ISOLATE_EGRESS_PRIVATE: "db.internal:5432, localhost:80",
      ISOLATE_EGRESS_REQUESTS: "500",
      ISOLATE_HOST_ADDRESSES: "203.0.113.7, 2001:db8:1::/64",
      ISOLATE_EGRESS_SOCKET: "/srv/run/egress/admin.sock",
      ISOLATE_RUN_DIR: "/srv/run",
      DATABASE_URL: "postgres://app:pw@db.example/shop?sslmode=require",
      ISOLATE_DATABASE_HOSTS: "spare.example:5433",
      ISOLATE_DATABASE_ROWS: "10",
      ISOLATE_SCHEMAS: "tables",
      ISOLATE_STORE_URL: "postgres://isolate:pw@db.example/isolate",
      ISOLATE_STORE_DIRECT_URL: "postgres://isolate:pw@direct.example/isolate",
      ISOLATE_PUBLIC_URL: "https://hub.example",
      ISOLATE_FUNCTION_HOSTS: "*.Fn.example",
      ISOLATE_CORS: "https://a.example, http://localhost:3000",
      ISOLATE_TOOLS: "/etc/isolate/http.ts, tools/greeter.ts,",
    });
    expect(settings.directUrl).toBe("postgres://isolate:pw@direct.example/isolate");
    expect(settings.tenantLevels).toEqual(["container"]);
    const levels = { ISOLATE_TENANT_SANDBOX: "isolated, container" };
    expect(readSettings(levels).tenantLevels).toEqual(["isolated", "container"]);
    expect(() => readSettings({ ISOLATE_TENANT_SANDBOX: "none" })).toThrow(
      "ISOLATE_TENANT_SANDBOX",
    );
    expect(settings.tools).toEqual(["/etc/isolate/http.ts", "tools/greeter.ts"]);
    expect(settings).toMatchObject({ config: { port: 9000 }, host: "::1" });
    const egressSocket = "/srv/run/egress/admin.sock";
    expect(settings.containers).toEqual({ host: "unix:///x.sock", runtime: "runsc", egressSocket });
    expect(readSettings({ ISOLATE_ENGINE: "none" }).containers).toBeNull();
    expect(settings.runDirectory).toBe("/srv/run");
    expect(settings.store).toBe("postgres://isolate:pw@db.example/isolate");
    expect(settings.publicUrl).toBe("https://hub.example");
    expect(settings.functionHosts).toBe("fn.example");
    expect(settings.cors).toEqual(["https://a.example", "http://localhost:3000"]);
    const all = { ISOLATE_CORS: "*", ISOLATE_ADMIN_KEY: "k".repeat(32) };
    expect(readSettings(all).cors).toEqual(["*"]);
    expect(settings.config).toMatchObject({ memory: 2048, maxMemory: 2048, cpus: 0.5 });
    expect(settings.config).toMatchObject({
      mounts: { "/data": "/srv/data" },
      env: { A: "1" },
      wildcards: true,
      isolatedNet: true,
      ceiling: { net: ["*.example.com"], env: ["A"] },
      egressRequests: 500,
      egress: {
        hosts: { "db.internal": "10.0.0.5" },
        private: ["db.internal:5432", "localhost:80"],
        own: ["203.0.113.7", "2001:db8:1::/64"],
      },
    });
    expect(settings.config.db).toEqual({
      url: "postgres://app:pw@db.example/shop?sslmode=require",
      hosts: ["spare.example:5433"],
      schemas: "tables",
      rows: 10,
      bytes: 16_777_216,
    });
    expect(settings.config.cluster).toMatchObject({
      min: 1,
      max: 4,
      idle: 5_000,
      prepared: 2,
    });
    expect(settings.config.reuse).toBe("tenant");
    expect(settings.config.cluster.reuse).toMatchObject({ total: 3, idle: 9_000, perKey: 2 });
  });

  it("let a server with an operator's key be reached by other machines", () => {
    const adminKey = "k".repeat(32);
    expect(readSettings({ HOST: "0.0.0.0", ISOLATE_ADMIN_KEY: adminKey })).toMatchObject({
      host: "0.0.0.0",
      adminKey,
    });
    expect(readSettings({ ISOLATE_ADMIN_KEY: "" }).adminKey).toBeUndefined();
  });

  it.each([
    ["hexadecimal digits", "0f".repeat(32)],
    ["base64", Buffer.alloc(32, 15).toString("base64")],
  ])("take a secret key of %s", (_what, text) => {
    const { secretKey } = readSettings({ ISOLATE_SECRET_KEY: text });
    expect(secretKey).toEqual(new Uint8Array(32).fill(15));
  });

  it.each([
    ["ISOLATE_POOLMIN", "2", "Unknown setting ISOLATE_POOLMIN"],
    ["PORT", "http", "Bad setting PORT"],
    ["PORT", "70000", "Bad setting PORT"],
    ["ISOLATE_ENGINE", "podman", "Bad setting ISOLATE_ENGINE"],
    ["ISOLATE_MOUNTS", "/data", "Bad setting ISOLATE_MOUNTS"],
    ["ISOLATE_MOUNTS", '{"data":"/srv"}', "mounts"],
    ["ISOLATE_CEILING", "{", "Bad setting ISOLATE_CEILING: Expected JSON"],
    ["ISOLATE_CEILING", '{"net":["x.org","a/b"]}', "ceiling.net[1]: is a URL or a path"],
    ["ISOLATE_CEILING", '{"hosts":[]}', "ceiling.hosts: is no permission"],
    ["ISOLATE_CEILING", "null", "ceiling: is neither"],
    ["ISOLATE_ENV", '{"A":1}', "Bad setting ISOLATE_ENV"],
    ["ISOLATE_ENV", '{"A-B":"1"}', "env"],
    ["ISOLATE_EGRESS_SOCKET", "admin.sock", "Bad setting ISOLATE_EGRESS_SOCKET"],
    ["ISOLATE_RUN_DIR", "run", "Bad setting ISOLATE_RUN_DIR"],
    ["ISOLATE_MEMORY", "-5", "Bad setting ISOLATE_MEMORY"],
    ["ISOLATE_MEMORY", "1", "memory"],
    ["ISOLATE_POOL_MIN", "9", "cluster.min"],
    ["ISOLATE_PUBLIC_URL", "hub.example", "Bad setting ISOLATE_PUBLIC_URL"],
    ["ISOLATE_FUNCTION_HOSTS", "functions.example.com", "Bad setting ISOLATE_FUNCTION_HOSTS"],
    ["ISOLATE_FUNCTION_HOSTS", "*.a b", "Bad setting ISOLATE_FUNCTION_HOSTS"],
    ["ISOLATE_CORS", "https://a.example/", "Bad setting ISOLATE_CORS"],
    ["ISOLATE_CORS", "null", "Bad setting ISOLATE_CORS"],
    ["ISOLATE_CORS", "https://a.example, *", "set ISOLATE_ADMIN_KEY first"],
    ["HOST", "0.0.0.0", "set ISOLATE_ADMIN_KEY first"],
    ["ISOLATE_ADMIN_KEY", "short", "Bad setting ISOLATE_ADMIN_KEY"],
    ["ISOLATE_SECRET_KEY", "ab".repeat(31), "Bad setting ISOLATE_SECRET_KEY"],
    ["ISOLATE_SECRET_KEY", "no key, but a text of some length", "Bad setting ISOLATE_SECRET_KEY"],
    ["ISOLATE_STORE_URL", "", "Bad setting ISOLATE_STORE_URL"],
    ["ISOLATE_STORE_URL", "postgres://a@b/c?x=1", "Bad setting ISOLATE_STORE_URL: It may have no"],
    ["ISOLATE_STORE_URL", "postgres://a@b/c?sslmode=prefer", "too weak for the store"],
    ["ISOLATE_STORE_DIRECT_URL", "store", "DIRECT_URL: Expected a postgres:// URL"],
    ["ISOLATE_STORE_DIRECT_URL", "postgres://a@b/c", "DIRECT_URL: the store is a directory"],
  ])("refuse %s=%s by name", (name, value, message) => {
    expect(() => readSettings({ [name]: value })).toThrow(message);
  });

  describe("of secrets", () => {
    let directory: string;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), "isolate-secrets-"));
    });
    afterAll(() => rm(directory, { recursive: true }));

    async function file(name: string, text: string): Promise<string> {
      const path = join(directory, name);
      await writeFile(path, text);
      return path;
    }

    it("can be files, whose last line break is not theirs", async () => {
      const settings = readSettings({
        ISOLATE_ADMIN_KEY: "",
        ISOLATE_ADMIN_KEY_FILE: await file("admin", `${"k".repeat(40)}\n`),
        ISOLATE_SECRET_KEY_FILE: await file("secret", `${"ab".repeat(32)}\r\n`),
        ISOLATE_STORE_URL_FILE: await file("store", "postgres://isolate:pw@db.example/isolate"),
        ISOLATE_STORE_DIRECT_URL_FILE: await file(
          "direct",
          "postgres://isolate:pw@one.example/i\n",
        ),
        DATABASE_URL_FILE: await file("database", "postgres://app:pw@db.example/shop\n"),
      });
      expect(settings).toMatchObject({
        adminKey: "k".repeat(40),
        secretKey: new Uint8Array(32).fill(0xab),
        store: "postgres://isolate:pw@db.example/isolate",
        directUrl: "postgres://isolate:pw@one.example/i",
        log: { secrets: ["k".repeat(40), "ab".repeat(32)] },
      });
      expect(settings.config.db?.url).toBe("postgres://app:pw@db.example/shop");
    });

    it.each(["ISOLATE_ADMIN_KEY", "ISOLATE_SECRET_KEY", "ISOLATE_STORE_URL", "DATABASE_URL"])(
      "%s is refused given twice, and as a file that is no good",
      async (name) => {
        const path = await file("both", "hidden".repeat(8));
        expect(() => readSettings({ [name]: "x", [`${name}_FILE`]: path })).toThrow(
          `Bad setting ${name}_FILE: ${name} is given as well`,
        );
        expect(() => readSettings({ [`${name}_FILE`]: join(directory, "none") })).toThrow(
          `Bad setting ${name}_FILE: the file cannot be read: ENOENT`,
        );
        const empty = await file("empty", "\n");
        expect(() => readSettings({ [`${name}_FILE`]: empty })).toThrow(`${name}_FILE`);
      },
    );

    it("may be headers of spans", () => {
      const { tracing } = readSettings({
        OTEL_EXPORTER_OTLP_ENDPOINT: "https://spans.example",
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20x, a=b",
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: "a=c",
      });
      expect(tracing?.headers).toEqual({ authorization: "Bearer x", a: "c" });
      const bad = { OTEL_EXPORTER_OTLP_HEADERS: "no pair" };
      expect(() => readSettings(bad)).toThrow("Bad setting OTEL_EXPORTER_OTLP_HEADERS");
    });
  });
});

describe("certificates for bound hosts", () => {
  it("are read from the file of ISOLATE_EGRESS_CA, which has to hold some", () => {
    const folder = mkdtempSync(join(tmpdir(), "ca-"));
    const path = join(folder, "ca.pem");
    const { certificate } = new TestAuthority();
    writeFileSync(path, certificate);
    const { config } = readSettings({ ISOLATE_EGRESS_CA: path });
    expect(config.egress.ca).toBe(certificate);
    writeFileSync(path, "no certificate");
    for (const bad of [path, join(folder, "none.pem"), "ca.pem"]) {
      expect(() => readSettings({ ISOLATE_EGRESS_CA: bad })).toThrow("ISOLATE_EGRESS_CA");
    }
    writeFileSync(path, certificate.replace(/^M.{20}/m, "AAAA"));
    expect(() => readSettings({ ISOLATE_EGRESS_CA: path })).toThrow("ISOLATE_EGRESS_CA");
    rmSync(folder, { recursive: true });
  });
});
