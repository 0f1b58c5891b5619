import { executable, type Instructions, Machine } from "./elf.ts";

/**
 * Builds a program that holds a network namespace open. It repeats a system call that only a signal
 * ends.
 */
export function pauseProgram(architecture: NodeJS.Architecture): Buffer {
  const target = TARGETS[architecture];
  if (target === undefined) throw new Error(`No pause program for ${architecture}`);
  return executable(target);
}

const TARGETS: Partial<Record<NodeJS.Architecture, Instructions>> = {
  // mov eax, 34 (pause); syscall; jmp back
  x64: { machine: Machine.x64, code: Buffer.from("b8220000000f05ebf7", "hex") },
  // mov x0…x4, 0; mov x8, 73 (ppoll); svc 0; b back
  arm64: {
    machine: Machine.arm64,
    code: Buffer.from("000080d2010080d2020080d2030080d2040080d2280980d2010000d4f9ffff17", "hex"),
  },
};
