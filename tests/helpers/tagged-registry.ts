import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { RXR } from "../../src/resourcex/data/resource.ts";

export interface TaggedRegistry {
  /** Base of its routes. */
  readonly url: string;
  readonly asked: string[];
}

export interface TaggedRegistryOptions {
  /** Fields that its manifests have in addition, or instead. */
  readonly manifest?: object;
  /** Bytes that it sends as content, instead of the archive's. */
  readonly content?: Uint8Array;
}

/**
 * Starts a registry as the public server of ResourceX 2.17 is: by path alone, `name:tag` alone,
 * without a key. It stores resources without a registry, and looks for them without it.
 */
export async function taggedRegistry(
  resources: readonly RXR[],
  { manifest: more = {}, content }: TaggedRegistryOptions = {},
): Promise<TaggedRegistry> {
  const asked: string[] = [];
  const listening = createServer(async (request, response) => {
    asked.push(request.url ?? "");
    const [, , , route, text = "", ...others] = (request.url ?? "").split(/[/?]/);
    const found = others.length > 0 ? undefined : find(resources, decodeURIComponent(text));
    if (found === undefined || request.url?.includes("?")) {
      response.writeHead(404, { "content-type": "text/plain" }).end("404 Not Found");
    } else if (route === "resource") {
      const { path, name, type, version: tag } = found.manifest;
      response.end(JSON.stringify({ path, name, type, tag, ...more }));
    } else response.end(content ?? (await found.archive.buffer()));
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    listening.closeAllConnections();
    listening.close();
  });
  return { asked, url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}/api/v1` };
}

/** Finds a resource as that server does: it drops the registry, and `latest` is the last one. */
function find(resources: readonly RXR[], text: string): RXR | undefined {
  const [rest = ""] = text.split("@");
  const parts = rest.split("/");
  const [name, tag = "latest"] = (parts.pop() ?? "").split(":");
  const path = /[.:]|^localhost$/.test(parts[0] ?? "") ? parts.slice(1) : parts;
  return resources.findLast(
    ({ manifest }) =>
      manifest.name === name &&
      (manifest.path ?? "") === path.join("/") &&
      (tag === "latest" || manifest.version === tag),
  );
}
