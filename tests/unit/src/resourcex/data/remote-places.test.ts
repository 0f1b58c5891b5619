/**
 * Tests to which places requests go that a mirror or a domain chooses: by redirects, and by the
 * registries it lists.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openRegistry } from "../../../../../src/resourcex/registry.ts";
import { RecordingRunner, scratch } from "../../../../helpers/resourcex.ts";

const LOCATOR = "x.org/a.text@1";
const MIRROR = "http://127.0.0.1:8787";

/** Requested URLs without their query, and the answers to some of them. */
const asked: string[] = [];
const answers = new Map<string, () => Response>();

beforeEach(() => {
  asked.length = 0;
  answers.clear();
  vi.stubGlobal("fetch", async (url: URL) => {
    const text = `${url.origin}${url.pathname}`;
    asked.push(text);
    return answers.get(text)?.() ?? new Response(null, { status: 404 });
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function getting(mirror?: string): Promise<unknown> {
  const options = { path: await scratch(), ...(mirror !== undefined && { mirror }) };
  return openRegistry(options, new RecordingRunner()).get(LOCATOR);
}

const redirect = (location: string) => () =>
  new Response(null, { status: 302, headers: { location } });

const PRIVATE = [
  "https://127.0.0.1:2375/",
  "https://localhost/",
  "https://a.localhost/",
  "https://a.b.LOCALHOST:8443/",
  "https://[::1]/",
  "https://10.0.0.1/",
  "https://169.254.169.254/",
  "https://2130706433/",
  "https://db/",
];

describe("a mirror on loopback", () => {
  it.each<readonly [string, string]>([
    ["http://127.0.0.1:2375/", "it is not https"],
    ["http://127.0.0.2:8787/", "it is not https"],
    ["http://localhost:8787/", "it is not https"],
    ["http://x.org/", "it is not https"],
    ...PRIVATE.map((url) => [url, "it is no public name"] as const),
  ])("sends nobody to %s", async (location, message) => {
    answers.set(`${MIRROR}/resource`, redirect(location));
    await expect(getting(MIRROR)).rejects.toThrow(message);
    expect(asked).not.toContain(`${new URL(location).origin}/`);
  });

  it("does not lend its loopback to those whom it sends to", async () => {
    answers.set(`${MIRROR}/resource`, redirect("https://y.org/"));
    answers.set("https://y.org/", redirect("http://127.0.0.1:2375/"));
    await expect(getting(MIRROR)).rejects.toThrow("it is not https");
    expect(asked.slice(0, 2)).toEqual([`${MIRROR}/resource`, "https://y.org/"]);
    expect(asked).not.toContain("http://127.0.0.1:2375/");
  });

  it("may send to another place of its own, and to public ones", async () => {
    answers.set(`${MIRROR}/resource`, redirect("/moved"));
    answers.set(`${MIRROR}/moved`, redirect("https://y.org/"));
    await expect(getting(MIRROR)).rejects.toThrow("Resource not found");
    expect(asked.slice(0, 3)).toEqual([`${MIRROR}/resource`, `${MIRROR}/moved`, "https://y.org/"]);
  });
});

describe("a domain", () => {
  const place = "https://x.org/.well-known/resourcex";

  it.each([...PRIVATE, MIRROR])("cannot list %s, nor send there", async (url) => {
    answers.set(place, () => Response.json({ registries: [url] }));
    await expect(getting()).rejects.toThrow(/it is no public name|it is not https/);
    answers.set(place, redirect(url));
    await expect(getting()).rejects.toThrow(/it is no public name|it is not https/);
    expect(asked).toEqual([place, place]);
  });

  it("cannot list the mirror's place", async () => {
    answers.set(place, () => Response.json({ registries: [`${MIRROR}/other`] }));
    await expect(getting(MIRROR)).rejects.toThrow("it is not https");
    expect(asked).not.toContain(`${MIRROR}/other/resource`);
  });
});
