/** Process to start. It gets nothing of the spawner's environment. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Order of the control plane, one line of JSON each. Numbers name processes, in any order. */
export type Order =
  | { readonly start: number; readonly command: Command }
  /** Stops reading what the process writes. */
  | { readonly hush: number }
  | { readonly signal: NodeJS.Signals; readonly to: number }
  /** Asks for the report of the same name, which tells that the spawner works. */
  | { readonly alive: true };

/** Report of the spawner, one line of JSON each. */
export type Report =
  | { readonly started: number; readonly pid: number; readonly start?: string | undefined }
  | { readonly alive: true }
  /** Exit code, 128 + signal for a signal, −1 if it never started; first words of its errors. */
  | { readonly ended: number; readonly code: number; readonly said: string };

/** Splits a stream of lines. Calls `take` with the value of each complete one. */
export function lines<T>(take: (value: T) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const all = `${rest}${chunk}`.split("\n");
    rest = all.pop() ?? "";
    for (const line of all) take(JSON.parse(line));
  };
}
