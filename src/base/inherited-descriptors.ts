import { openSync, readdirSync, readFileSync } from "node:fs";

/** What a flag of /proc/self/fdinfo says of a descriptor that ends with this program. */
const CLOSE_ON_EXEC = 0o2000000;

let covers: { readonly fds: readonly number[]; readonly with: number } | undefined;

/**
 * Descriptors of a child process: `first` as its standard ones, and /dev/null in the place of each
 * that this process was started with and would pass on. The runtime closes all others.
 *
 * @example
 * spawn(file, args, { stdio: ownDescriptors(["ignore", "ignore", "pipe"]) })
 */
export function ownDescriptors<T>(first: readonly [T, T, T]): (T | "ignore" | number)[] {
  covers ??= { fds: inherited(), with: openSync("/dev/null", "r+") };
  const all: (T | "ignore" | number)[] = [...first];
  const last = Math.max(2, ...covers.fds);
  for (let fd = 3; fd <= last; fd += 1) all[fd] = covers.fds.includes(fd) ? covers.with : "ignore";
  return all;
}

/** Descriptors beyond the standard ones that a child process gets unless something takes their place. */
function inherited(): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc/self/fd")
    .map(Number)
    .filter((fd) => fd > 2 && isPassedOn(fd));
}

function isPassedOn(fd: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)$/m.exec(
      readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"),
    )?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // The one that the list was read by.
    return false;
  }
}
