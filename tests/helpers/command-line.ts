import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../../bin/isolate.js", import.meta.url));

/** End of a command, with all that it has written. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  /** True for a terminal of its own, whose output is all in `stdout`. */
  readonly terminal?: boolean;
  /** File that is run in place of the server's `isolate`. */
  readonly program?: string;
}

/** A command in a process of its own, without variables of the test's own. */
export class CommandRun {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";

  constructor(words: readonly string[], options: Options = {}) {
    const { env = {}, cwd, stdin, terminal = false, program = PROGRAM } = options;
    const line = [process.execPath, program, ...words];
    const [command = "", ...args] = terminal ? inTerminal(line) : line;
    this.child = spawn(command, args, {
      cwd,
      env: { PATH: process.env.PATH, HOME: "/nonexistent", TERM: "xterm", ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      this.stdout += chunk;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      this.stderr += chunk;
    });
    // A terminal stays open, because its end would be one for the command.
    if (!terminal) this.child.stdin?.end(stdin ?? "");
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code) => {
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** Presses keys in its terminal. */
  press(keys: string): void {
    this.child.stdin?.write(keys);
  }
}

/** Runs a command up to its end. */
export function isolate(words: readonly string[], options: Options = {}): Promise<Ended> {
  return new CommandRun(words, options).ended;
}

function inTerminal(line: readonly string[]): string[] {
  const text = line.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return ["script", "--quiet", "--return", "--flush", "--command", text, "/dev/null"];
}
