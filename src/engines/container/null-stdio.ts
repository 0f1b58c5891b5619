import { executable, type Instructions, Machine } from "./elf.ts";

/** Path of the program in the runner image. */
export const NULL_STDIO = "/bin/null-stdio";

/**
 * Builds a program that opens `/dev/null` as its standard streams and then executes the program in
 * its arguments. Otherwise the engine copies a container's output, which costs it four times as
 * much as the writer. Afterwards no process writes to that pipe.
 */
export function nullStdioProgram(architecture: NodeJS.Architecture): Buffer {
  const target = TARGETS[architecture];
  if (target === undefined) throw new Error(`No program without output for ${architecture}`);
  return executable(target);
}

const PATH = Buffer.from("/dev/null\0", "latin1");

/**
 * Machine code of `fd = openat(AT_FDCWD, PATH, O_RDWR)`, `dup2(fd, 0 to 2)` and `close(fd)`. Then
 * `execve(argv[1], argv + 1, envp)` with the arguments that the kernel left on the stack. Exits
 * with 127 if a call fails.
 */
const TARGETS: Partial<Record<NodeJS.Architecture, Instructions>> = {
  x64: {
    machine: Machine.x64,
    code: assembled(
      "b801010000 bf9cffffff 488d3558000000 ba02000000 4531d2 0f05 85c0 783c", // openat
      "89c7 31f6 b821000000 0f05 85c0 782d ffc6 83fe03 75ee", // dup2, thrice
      "83ff03 7207 b803000000 0f05", // close
      "488b0c24 488b7c2410 488d742410 488d54cc10 b83b000000 0f05", // execve
      "bf7f000000 b83c000000 0f05 ebf2", // exit
    ),
  },
  arm64: {
    machine: Machine.arm64,
    code: assembled(
      "600c8092 61040010 420080d2 030080d2 080780d2 010000d4 4003f8b7", // openat
      "e90300aa 0a0080d2 3f010aeb e0000054 e00309aa e1030aaa 020080d2 080380d2 010000d4 0002f8b7",
      "4a050091 5f0d00f1 c1feff54", // dup3, unless both are the same
      "3f0d00f1 83000054 e00309aa 280780d2 010000d4", // close
      "e90340f9 e00b40f9 e1430091 220c098b 030080d2 a81b80d2 010000d4", // execve
      "e00f80d2 a80b80d2 010000d4 fdffff17", // exit
    ),
  },
};

function assembled(...lines: string[]): Buffer {
  return Buffer.concat([Buffer.from(lines.join("").replaceAll(" ", ""), "hex"), PATH]);
}
