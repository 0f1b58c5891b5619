import { openSync, readdirSync, readFileSync } from "node:fs";

/** Flag in /proc/self/fdinfo of a descriptor that is closed when another program is executed. */
const CLOSE_ON_EXEC = 0o2000000;

let covers: { readonly fds: readonly number[]; readonly with: number } | undefined;

/**
 * Builds the `stdio` of a child process. `first` are its standard descriptors. /dev/null replaces
 * each descriptor that this process inherited and would pass on. The runtime closes all others.
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

/** Lists the descriptors above 2 that a child process would inherit. */
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
    // The descriptor that listed the directory; it is closed by now.
    return false;
  }
}
