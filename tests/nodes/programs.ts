import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The oldest line of Node that works, and the one that the image and the documents name. */
const LINES = ["20", "24"];
const [OWN = ""] = process.versions.node.split(".");

/** Path of the program of a line: the one that runs this, or one that the set-up has installed. */
export function nodeProgram(line: string): string {
  if (line === OWN) return process.execPath;
  const program = `${line}/node_modules/node-linux-${process.arch}/bin/node`;
  return fileURLToPath(new URL(program, import.meta.url));
}

/** Lines beside this process's own whose programs are there. */
export function otherLines(): string[] {
  return LINES.filter((line) => line !== OWN && existsSync(nodeProgram(line)));
}
