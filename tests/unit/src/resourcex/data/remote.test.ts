import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { ARCHIVE_LIMITS } from "../../../../../src/resourcex/archive/archive-limits.ts";
import { RegistryError } from "../../../../../src/resourcex/base/resourcex-errors.ts";
import { fetchBytes } from "../../../../../src/resourcex/data/bounded-fetch.ts";
import type { RXR } from "../../../../../src/resourcex/data/resource.ts";
import { openRegistry } from "../../../../../src/resourcex/registry.ts";
import {
  contentOf,
  helloFolder,
  RecordingRunner,
  resource,
  scratch,
  text,
} from "../../../../helpers/resourcex.ts";

const LOCATOR = "x.org/a/b.text@1.0.0";
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Starts a server on loopback that answers by path, and records the requested paths. */
async function server(routes: Record<string, Answer> = {}) {
  const asked: string[] = [];
  const listening = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://x");
    asked.push(request.url ?? "");
    const answer = routes[pathname];
    if (answer !== undefined) answer(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return { asked, url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}` };
}

const json =
  (value: unknown): Answer =>
  (_request, response) => {
    response.end(JSON.stringify(value));
  };
const bytes =
  (content: Uint8Array): Answer =>
  (_request, response) => {
    response.end(content);
  };
const status =
  (code: number, headers = {}): Answer =>
  (_request, response) => {
    response.writeHead(code, headers).end();
  };

/** Makes the routes of a registry below `/api` with one resource. */
async function serving(given: RXR): Promise<Record<string, Answer>> {
  return {
    "/api/resource": json(given.manifest),
    "/api/content": bytes(await given.archive.buffer()),
  };
}

interface Places {
  readonly mirror?: string;
  readonly wellKnown?: string;
  readonly timeout?: number;
  readonly path?: string;
}

async function opened({ mirror, wellKnown, timeout = 10_000, path }: Places) {
  const remote = { wellKnown: () => wellKnown ?? "http://127.0.0.1:1/", timeout };
  const options = { path: path ?? (await scratch()), ...(mirror !== undefined && { mirror }) };
  return openRegistry(options, new RecordingRunner(), { builtins: [text], remote });
}

/** Starts a mirror with these routes. The domain itself has nothing. */
async function mirrored(routes: Record<string, Answer>, timeout?: number) {
  const { url, asked } = await server({ "/well-known": json({ registries: [] }), ...routes });
  const places = { mirror: `${url}/api`, wellKnown: `${url}/well-known` };
  const registry = await opened({ ...places, ...(timeout !== undefined && { timeout }) });
  return { registry, asked };
}

describe("a resource elsewhere is fetched", () => {
  it("from the mirror, once", async () => {
    const routes = await serving(await resource(LOCATOR, "remote"));
    const { registry, asked } = await mirrored(routes);
    expect(await registry.exists(LOCATOR)).toBe(false);
    const got = await registry.get(LOCATOR);
    expect(await contentOf(got)).toBe("remote");
    expect(String(got.locator)).toBe(LOCATOR);
    const query = `locator=${encodeURIComponent(LOCATOR)}`;
    expect(asked).toEqual([`/api/resource?${query}`, `/api/content?${query}`]);
    expect(await contentOf(await registry.get(LOCATOR))).toBe("remote");
    expect(await registry.exists(LOCATOR)).toBe(true);
    expect((await registry.search()).map(String)).toEqual([LOCATOR]);
    expect(asked).toHaveLength(2);
  });

  it("from a registry its domain names, which is asked once", async () => {
    const place = await server(await serving(await resource(LOCATOR, "of the domain")));
    const domain = await server({ "/known": json({ registries: [`${place.url}/api/`] }) });
    const registry = await opened({ wellKnown: `${domain.url}/known` });
    const gets = await Promise.all([registry.get(LOCATOR), registry.get(LOCATOR)]);
    for (const got of gets) expect(await contentOf(got)).toBe("of the domain");
    await registry.delete(LOCATOR);
    await registry.get(LOCATOR);
    expect(domain.asked).toEqual(["/known"]);
  });

  it("from the domain's if the mirror has it not, is down or fails", async () => {
    const place = await server(await serving(await resource(LOCATOR)));
    const domain = await server({ "/known": json({ registries: [`${place.url}/api`] }) });
    const mirror = await server({ "/failing/resource": status(500) });
    for (const at of [`${mirror.url}/none`, `${mirror.url}/failing`, "http://127.0.0.1:1"]) {
      const registry = await opened({ mirror: at, wellKnown: `${domain.url}/known` });
      expect(await contentOf(await registry.get(LOCATOR))).toBe("Hello");
    }
    // Asks in the other form for what is not there in the first.
    const other = `/none/resource/${encodeURIComponent("x.org/a/b:1.0.0")}`;
    const query = `?locator=${encodeURIComponent(LOCATOR)}`;
    expect(mirror.asked).toEqual([`/none/resource${query}`, other, `/failing/resource${query}`]);
  });

  it("from the next of the domain's if one fails", async () => {
    const place = await server({
      ...(await serving(await resource(LOCATOR))),
      "/bad/resource": json({ domain: "x.org" }),
    });
    const registries = [`${place.url}/bad`, `${place.url}/none`, `${place.url}/api`];
    const domain = await server({ "/known": json({ registries }) });
    const registry = await opened({ wellKnown: `${domain.url}/known` });
    expect(await contentOf(await registry.get(LOCATOR))).toBe("Hello");
  });

  it("and resolved", async () => {
    const { registry } = await mirrored(await serving(await resource(LOCATOR, "remote")));
    expect(await (await registry.resolve(LOCATOR)).execute()).toBe("1: remote");
  });

  it("without a version as what is the latest there, and content of that version", async () => {
    const { registry, asked } = await mirrored(await serving(await resource(LOCATOR)));
    expect(String((await registry.get("x.org/a/b.text")).locator)).toBe(LOCATOR);
    expect(asked[1]).toContain(encodeURIComponent(LOCATOR));
    expect(await registry.exists(LOCATOR)).toBe(true);
  });

  it("through redirects", async () => {
    const routes = await serving(await resource(LOCATOR));
    const { registry } = await mirrored({
      ...routes,
      "/api/resource": status(302, { location: "/other" }),
      "/other": routes["/api/resource"] as Answer,
    });
    expect(await contentOf(await registry.get(LOCATOR))).toBe("Hello");
  });
});

describe("what is here already", () => {
  const here = "is here, and another registry has other content for it";

  it.each([
    ["is kept, and the other one refused by its name", "remote", here],
    ["is given out if it has the same content", "mine", undefined],
  ])("%s", async (_what, content, message) => {
    const { registry } = await mirrored(await serving(await resource(LOCATOR, content)));
    await registry.add(await resource(LOCATOR, "mine"));
    const getting = registry.get("x.org/a/b.text");
    if (message === undefined) expect(await contentOf(await getting)).toBe("mine");
    else await expect(getting).rejects.toThrow(`${LOCATOR} ${message}`);
    expect(await contentOf(await registry.get(LOCATOR))).toBe("mine");
  });

  it("is kept if it is added while another registry answers", async () => {
    const routes = await serving(await resource(LOCATOR, "remote"));
    let adding: Promise<void> | undefined;
    const content = routes["/api/content"] as Answer;
    const { registry } = await mirrored({
      ...routes,
      "/api/content": async (request, response) => {
        adding ??= resource(LOCATOR, "mine").then((mine) => registry.add(mine));
        await adding;
        content(request, response);
      },
    });
    await expect(registry.get(LOCATOR)).rejects.toThrow(`${LOCATOR} ${here}`);
    expect(await contentOf(await registry.get(LOCATOR))).toBe("mine");
  });

  it("is kept if it is a linked folder", async () => {
    const { registry } = await mirrored(await serving(await resource(LOCATOR, "remote")));
    const fields = { domain: "x.org", path: "a", name: "b", type: "text", version: "1.0.0" };
    await registry.link(await helloFolder("linked", fields));
    await expect(registry.get("x.org/a/b.text")).rejects.toThrow(`${LOCATOR} ${here}`);
    expect(await contentOf(await registry.get(LOCATOR))).toBe("linked");
  });
});

describe("nobody is asked", () => {
  it.each([
    "a.text",
    "localhost/a.text",
    "a/b.text",
    "a.localhost:80/a.text",
    "127.0.0.1/a.text",
    "10.0.0.1:80/a.text",
  ])("for %s", async (locator) => {
    const { url, asked } = await server();
    const registry = await opened({ mirror: url, wellKnown: url });
    await expect(registry.get(locator)).rejects.toThrow(`Resource not found: ${locator}`);
    expect(asked).toEqual([]);
  });

  it("for a locator that is none", async () => {
    const { url, asked } = await server();
    const registry = await opened({ mirror: url, wellKnown: url });
    for (const locator of ["x.org/../a.text", "x.org:1@y.org/a.text", "user@x.org/a"]) {
      await registry.get(locator).catch(() => {});
    }
    await expect(registry.get("x.org/../a.text")).rejects.toThrow("Invalid locator");
    expect(asked).toEqual([]);
  });

  it("for what is stored", async () => {
    const { url, asked } = await server();
    const registry = await opened({ mirror: url, wellKnown: url });
    await registry.add(await resource(LOCATOR));
    await registry.get(LOCATOR);
    expect(asked).toEqual([]);
  });
});

describe("a resource elsewhere is not there", () => {
  it("if each says so", async () => {
    const { url } = await server({});
    const listing = await server({ "/known": json({ registries: [url] }) });
    for (const wellKnown of [`${url}/known`, `${listing.url}/known`]) {
      const getting = (await opened({ mirror: url, wellKnown })).get(LOCATOR);
      await expect(getting).rejects.toThrow(RegistryError);
      await expect(getting).rejects.toThrow(`Resource not found: ${LOCATOR}`);
    }
  });
});

describe("a resource elsewhere cannot be fetched from a registry", () => {
  const fields = { domain: "x.org", path: "a", name: "b", type: "text", version: "1.0.0" };
  const fill = (size: number) => bytes(Buffer.alloc(size, " "));
  const endless: Answer = (_request, response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(100_000)), 1);
    response.on("close", () => clearInterval(timer));
  };

  it.each<[string, string, Answer, string]>([
    ["that fails", "resource", status(503), "status 503"],
    ["that answers with less than all", "resource", status(206), "status 206"],
    ["that has moved to nowhere", "resource", status(302), "5 redirects"],
    ["that goes round in circles", "resource", status(302, { location: "" }), "5 redirects"],
    ["that sends elsewhere by ftp", "resource", status(301, { location: "ftp://x.org/" }), "https"],
    ["that sends to a file", "resource", status(307, { location: "file:///etc/passwd" }), "https"],
    [
      "that sends away by http",
      "resource",
      status(308, { location: "http://192.0.2.1/" }),
      "https",
    ],
    ["that says no JSON", "resource", bytes(Buffer.from("<html>")), "no manifest"],
    ["that says null", "resource", json(null), "no manifest: domain is required"],
    ["that leaves out the name", "resource", json({ ...fields, name: "" }), "name is required"],
    ["that says too much", "resource", fill(65_537), "more than 65536 bytes"],
    ["that never ends", "resource", endless, "more than 65536 bytes"],
    ["whose manifest leads away", "resource", json({ ...fields, path: "../.." }), "no manifest"],
    ["that has another domain", "resource", json({ ...fields, domain: "y.org" }), "with y.org/a/b"],
    ["that has another path", "resource", json({ ...fields, path: "c" }), "with x.org/c/b"],
    ["that has another name", "resource", json({ ...fields, name: "c" }), "with x.org/a/c"],
    ["that has another type", "resource", json({ ...fields, type: "txt" }), "b.txt"],
    ["that has another version", "resource", json({ ...fields, version: "2" }), "@2"],
    ["without content", "content", status(404), "has no content"],
    ["whose content fails", "content", status(500), "status 500"],
    ["whose content is none", "content", bytes(Buffer.from("x")), "cannot be read"],
    ["whose content is too much", "content", fill(ARCHIVE_LIMITS.bytes + 1), "bytes"],
    ["whose content never ends", "content", endless, "bytes"],
    ["whose content is a bomb", "content", bytes(gzipSync(Buffer.alloc(50_000_000))), "unpacks"],
  ])("%s", async (_what, route, answer, message) => {
    const routes = await serving(await resource(LOCATOR));
    const { registry } = await mirrored({ ...routes, [`/api/${route}`]: answer });
    const getting = registry.get(LOCATOR);
    await expect(getting).rejects.toThrow(RegistryError);
    await expect(getting).rejects.toThrow(`Cannot fetch ${LOCATOR}: `);
    await expect(getting).rejects.toThrow(message);
    expect(await registry.exists(LOCATOR)).toBe(false);
    expect(await registry.search()).toEqual([]);
  });

  it.each<[string, Answer]>([
    ["nothing", () => {}],
    ["its status alone", (_request, response) => response.flushHeaders()],
    [
      "a byte at a time",
      (_request, response) => {
        const timer = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(timer));
      },
    ],
  ])("that answers with %s in time", async (_what, answer) => {
    const { registry } = await mirrored({ "/api/resource": answer }, 300);
    await expect(registry.get(LOCATOR)).rejects.toThrow("no complete answer within 300 ms");
  });

  it("that hangs up", async () => {
    const { registry } = await mirrored({ "/api/resource": (request) => request.socket.destroy() });
    await expect(registry.get(LOCATOR)).rejects.toThrow(`Cannot fetch ${LOCATOR}: `);
  });

  it("that expands what it sends", async () => {
    const large: Answer = (_request, response) => {
      response.setHeader("content-encoding", "gzip");
      response.end(gzipSync(Buffer.alloc(50_000_000)));
    };
    const { registry } = await mirrored({ "/api/resource": large });
    await expect(registry.get(LOCATOR)).rejects.toThrow("more than 65536 bytes");
  });
});

describe("what a domain says of its registries", () => {
  it.each<[string, Answer, string]>([
    ["no JSON", bytes(Buffer.from("x")), "JSON"],
    ["null", json(null), "'registries'"],
    ["no list", json({ registries: "https://x.org" }), '"registries" is not a list'],
    ["no URLs", json({ registries: [7] }), "Invalid URL"],
    ["too much", bytes(Buffer.alloc(65_537)), "more than 65536 bytes"],
    ["a failure", status(500), "status 500"],
    ["a URL by http", json({ registries: ["http://192.0.2.1/api"] }), "not https"],
    ["a URL of a file", json({ registries: ["file:///etc"] }), "not https"],
    ["a URL of data", json({ registries: ["data:application/json,{}"] }), "not https"],
    ["a password", json({ registries: ["https://me:secret@192.0.2.1/api"] }), "password"],
  ])("is refused: %s", async (_what, answer, message) => {
    const { url } = await server({ "/known": answer });
    const getting = (await opened({ wellKnown: `${url}/known` })).get(LOCATOR);
    await expect(getting).rejects.toThrow(`Cannot fetch ${LOCATOR}: `);
    await expect(getting).rejects.toThrow(message);
  });

  it("is asked for anew after a failure", async () => {
    const place = await server(await serving(await resource(LOCATOR)));
    let fails = true;
    const domain = await server({
      "/known": (request, response) => {
        (fails ? status(503) : json({ registries: [`${place.url}/api`] }))(request, response);
        fails = false;
      },
    });
    const registry = await opened({ wellKnown: `${domain.url}/known` });
    await expect(registry.get(LOCATOR)).rejects.toThrow("status 503");
    expect(await contentOf(await registry.get(LOCATOR))).toBe("Hello");
  });

  it("is heeded for eight of them", async () => {
    const place = await server();
    const registries = Array.from({ length: 20 }, (_, at) => `${place.url}/${at}`);
    const domain = await server({ "/known": json({ registries }) });
    await (await opened({ wellKnown: `${domain.url}/known` })).get(LOCATOR).catch(() => {});
    const places = new Set(place.asked.map((path) => path.split("/")[1]));
    expect([...places]).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
  });
});

describe("without a test's hook", () => {
  it("a domain is asked by https alone, and so are the registries it names", async () => {
    const { url, asked } = await server();
    const registry = openRegistry({ path: await scratch() }, new RecordingRunner());
    const getting = registry.get("x.invalid/a.text@1");
    await expect(getting).rejects.toThrow("https://x.invalid/.well-known/resourcex");
    const limits = { maxBytes: 10, timeout: 1_000 };
    const fetching = fetchBytes(new URL(url), limits);
    await expect(fetching).rejects.toThrow("it is not https");
    expect(asked).toEqual([]);
  });

  it("a mirror may be on loopback, and nowhere else without TLS", async () => {
    const { url } = await server(await serving(await resource(LOCATOR)));
    const options = { path: await scratch(), mirror: `${url}/api` };
    const registry = openRegistry(options, new RecordingRunner());
    expect(await contentOf(await registry.get(LOCATOR))).toBe("Hello");
    const away = await opened({ mirror: "http://192.0.2.1/api" });
    await expect(away.get(LOCATOR)).rejects.toThrow("it is not https");
  });
});
