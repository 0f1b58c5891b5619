/** `node --import tsx examples/resourcex/main.ts`: a registry, from folders and from a server. */
import { fileURLToPath } from "node:url";
import { bundleResourceType, createRegistry, type SandboxType } from "../../src/resourcex/index.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));

export interface Tour {
  readonly greeting: string;
  readonly headings: ReadonlyMap<string, readonly string[]>;
  readonly mirrored: string | undefined;
}

/**
 * Adds a folder, links another, runs the types of both, and gets what a server has.
 * `level` is the least that types are kept from this process.
 */
export async function tour(options: {
  readonly path: string;
  readonly level?: SandboxType;
  /** A server's registry, and a text in it. */
  readonly mirror?: { readonly url: string; readonly locator: string };
}): Promise<Tour> {
  const { path, level = "none", mirror } = options;
  const outline = await bundleResourceType("outline.type.ts", HERE);
  const registry = createRegistry({
    path,
    types: [{ ...outline, sandbox: level }],
    isolator: level,
    ...(mirror && { mirror: mirror.url }),
  });
  try {
    await registry.add(`${HERE}hello`);
    const hello = await registry.resolve<undefined, string>("hello.text@1.0.0");
    // A link shows the folder as it is whenever it is asked for.
    await registry.link(`${HERE}notes`);
    const notes = await registry.resolve<{ depth?: number }, Map<string, string[]>>(
      "notes.outline@1.0.0",
    );
    const remote = mirror && (await registry.resolve<undefined, string>(mirror.locator));
    return {
      greeting: await hello.execute(),
      headings: await notes.execute({ depth: 1 }),
      mirrored: await remote?.execute(),
    };
  } finally {
    await registry.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(await tour({ path: ".isolate/example-registry" }));
}
