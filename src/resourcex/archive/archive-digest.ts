/** Returns the digest of a package's files: SHA-256 of the sorted lines `path:digest`. */
export function archiveDigest(files: ReadonlyMap<string, Uint8Array>): string {
  const lines = [...files.keys()].sort().map((path) => `${path}:${sha256(files.get(path) ?? "")}`);
  return sha256(lines.join("\n"));
}

function sha256(content: string | Uint8Array): string {
  // Loaded here, because the confined process that unpacks archives has no imports.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}
