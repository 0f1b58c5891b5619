/** Files of the probed resource. The last path fits into no plain header. */
export const PROBED_FILES = {
  content: "größe",
  "lib/a.bin": Buffer.of(0, 255, 254),
  "lib/größe.txt": "x",
};

/** Text of a function that looks at all parts of a resource. It runs on a host and in a sandbox. */
export const RESOURCE_PROBE = `async (rxr) => {
  const { locator, manifest, archive } = rxr;
  const bytes = await archive.buffer();
  const read = async () => {
    const stream = archive.stream;
    if (!(stream instanceof ReadableStream)) throw new Error("No stream");
    return Buffer.from(await new Response(stream).arrayBuffer()).equals(bytes);
  };
  const pkg = await archive.extract();
  const files = await pkg.files();
  const changed = await pkg.file("content");
  changed.fill(0);
  const packed = await pkg.pack();
  const again = await packed.extract();
  const { domain, path, name, type, version } = locator;
  return {
    locator: [domain, path, name, type, version, \`\${locator}\`, locator + "", locator.toString()],
    parts: Object.keys(locator).sort(),
    manifest: [manifest.domain, manifest.path, manifest.name, manifest.type, manifest.version],
    json: manifest.toJSON(),
    text: JSON.stringify(manifest),
    toLocator: manifest.toLocator(),
    streams: [await read(), await read(), archive.stream === archive.stream],
    buffers: [Buffer.isBuffer(bytes), bytes === await archive.buffer()],
    same: pkg === await archive.extract(),
    paths: pkg.paths(),
    tree: pkg.tree(),
    file: (await pkg.file("content")).toString("utf8"),
    missing: await pkg.file("nope").catch(({ name, message }) => [name, message]),
    files: [files instanceof Map, [...files.keys()].sort(), files.get("lib/a.bin").toString("hex")],
    packed: [again.paths(), String(await again.file("content")), again === await packed.extract()],
  };
}`;

/** Answer of the probe, at every place. */
export const PROBED_RESOURCE = {
  locator: [
    "localhost",
    undefined,
    "a",
    "test",
    "1",
    "localhost/a.test@1",
    "localhost/a.test@1",
    "localhost/a.test@1",
  ],
  parts: ["domain", "name", "type", "version"],
  manifest: ["localhost", undefined, "a", "test", "1"],
  json: { domain: "localhost", name: "a", type: "test", version: "1" },
  text: '{"domain":"localhost","name":"a","type":"test","version":"1"}',
  toLocator: "localhost/a.test@1",
  streams: [true, true, false],
  buffers: [true, false],
  same: true,
  paths: ["content", "lib/a.bin", "lib/größe.txt"],
  tree: [
    { name: "content", type: "file" },
    {
      name: "lib",
      type: "directory",
      children: [
        { name: "a.bin", type: "file" },
        { name: "größe.txt", type: "file" },
      ],
    },
  ],
  file: "größe",
  missing: ["ContentError", "file not found: nope"],
  files: [true, ["content", "lib/a.bin", "lib/größe.txt"], "00fffe"],
  packed: [["content", "lib/a.bin", "lib/größe.txt"], "größe", true],
};
