const BLOCK = 512;
/** Octal digits of the header's numbers: of most of them, and of sizes and times. */
const DIGITS = 6;
const LONG_DIGITS = 11;
const MAX_NAME = 100;
const MAX_PREFIX = 155;
const FILE = "0";
const PAX = "x";
const PAX_NAME = "PaxHeader";

/** Fixed header fields, so that equal files make equal archives. */
const MODE = 0o644;
const TIME = 0;

/**
 * Writes a tar file of regular files, in the order of the map. Its header fields are fixed, and a
 * path that does not fit gets a pax header. Synchronous and without imports, because a sandbox
 * loads it with each type.
 */
export function writeTar(files: Iterable<readonly [path: string, content: Uint8Array]>): Buffer {
  const parts: Uint8Array[] = [];
  for (const [path, content] of files) {
    const split = splitPath(path);
    if (split === undefined) {
      const record = Buffer.from(paxRecord(path));
      parts.push(header(PAX, PAX_NAME, "", record.length), record, padding(record.length));
    }
    const { name, prefix } = split ?? { name: PAX_NAME, prefix: "" };
    parts.push(header(FILE, name, prefix, content.length), content, padding(content.length));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

/** Splits a path into the header's two fields. Returns `undefined` if it does not fit into them. */
function splitPath(path: string): { name: string; prefix: string } | undefined {
  if (Buffer.byteLength(path) !== path.length) return undefined;
  // The name is the longest end that fits: 101 characters leave room for the slash before it.
  const slash = path.length <= MAX_NAME ? -1 : path.indexOf("/", path.length - MAX_NAME - 1);
  if (slash === -1 && path.length > MAX_NAME) return undefined;
  const prefix = path.slice(0, Math.max(slash, 0));
  return prefix.length > MAX_PREFIX ? undefined : { name: path.slice(slash + 1), prefix };
}

function header(type: string, name: string, prefix: string, size: number): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  bytes.write(name, 0);
  bytes.write(octal(MODE, DIGITS), 100);
  bytes.write(octal(0, DIGITS), 108);
  bytes.write(octal(0, DIGITS), 116);
  bytes.write(octal(size, LONG_DIGITS), 124);
  bytes.write(octal(TIME, LONG_DIGITS), 136);
  bytes.write(" ".repeat(8), 148);
  bytes.write(type, 156);
  bytes.write("ustar\x0000", 257);
  bytes.write(octal(0, DIGITS), 329);
  bytes.write(octal(0, DIGITS), 337);
  bytes.write(prefix, 345);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${octal(sum, DIGITS)}\0`, 148);
  return bytes;
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")} `;
}

/** Makes the record `<length> path=<path>\n`, whose length counts its own digits. */
function paxRecord(path: string): string {
  const rest = ` path=${path}\n`;
  const bytes = Buffer.byteLength(rest);
  const digits = String(bytes + String(bytes).length).length;
  return `${bytes + digits}${rest}`;
}

function padding(size: number): Uint8Array {
  return new Uint8Array((BLOCK - (size % BLOCK)) % BLOCK);
}
