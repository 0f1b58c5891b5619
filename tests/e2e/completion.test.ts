/** Tests completion in each shell. zsh and fish are tested where they are installed. */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { isolate } from "../helpers/command-line.ts";

const run = promisify(execFile);
const LINES = ["isolate fun", "isolate functions ro", "isolate run --ti"];

const has = (shell: string): boolean => spawnSync(shell, ["-c", "true"]).status === 0;
const completion = async (shell: string): Promise<string> =>
  (await isolate(["completion", shell], { env: {} })).stdout;

/** Sets what bash tells a completion, and prints what it answers. */
const inBash = (line: string): string =>
  `COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _isolate; echo "\${COMPREPLY[*]}"`;

/** The same for zsh, whose own `compadd` needs its line editor. This one chooses words as that does. */
const ZSH = `compdef() { :; }
compadd() { shift; print -l -- \${(M)@:#$PREFIX*}; }`;
const inZsh = (line: string): string =>
  `words=(${line}); CURRENT=$#words; PREFIX=$words[-1]; _isolate`;

it("completes commands and flags in bash", async () => {
  const script = [await completion("bash"), ...LINES.map(inBash)].join("\n");
  expect((await run("bash", ["-c", script])).stdout).toBe("functions\nrollback\n--timeout\n");
});

it.skipIf(!has("zsh"))("completes them in zsh", async () => {
  const script = [ZSH, await completion("zsh"), ...LINES.map(inZsh)].join("\n");
  expect((await run("zsh", ["-f", "-c", script])).stdout).toBe("functions\nrollback\n--timeout\n");
});

it.skipIf(!has("fish"))("completes them in fish", async () => {
  const asked = LINES.map((line) => `complete -C '${line}'`);
  const script = [await completion("fish"), ...asked].join("\n");
  const { stdout } = await run("fish", ["--no-config", "-c", script]);
  expect(stdout).toBe("functions\nrollback\n--timeout\n");
});
