/**
 * The smallest program that does nothing for ever, as Linux wants it: an ELF header, one segment,
 * and a loop around a system call that only a signal ends. It holds network namespaces open, and
 * is made here because no compiler, registry or shell can be counted on.
 */
export function pauseProgram(architecture: NodeJS.Architecture): Buffer {
  const target = TARGETS[architecture];
  if (target === undefined) throw new Error(`No pause program for ${architecture}`);
  const { machine, code } = target;
  const header = Buffer.alloc(FILE_HEADER + SEGMENT_HEADER);
  const size = BigInt(header.length + code.length);
  header.set([0x7f, 0x45, 0x4c, 0x46, CLASS_64, LITTLE_ENDIAN, 1]);
  header.writeUInt16LE(EXECUTABLE, 16);
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(ADDRESS + BigInt(header.length), 24); // Where it starts.
  header.writeBigUInt64LE(BigInt(FILE_HEADER), 32); // Where the segment header is.
  header.writeUInt16LE(FILE_HEADER, 52);
  header.writeUInt16LE(SEGMENT_HEADER, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(LOAD, FILE_HEADER);
  header.writeUInt32LE(READ_AND_EXECUTE, FILE_HEADER + 4);
  header.writeBigUInt64LE(ADDRESS, FILE_HEADER + 16);
  header.writeBigUInt64LE(ADDRESS, FILE_HEADER + 24);
  header.writeBigUInt64LE(size, FILE_HEADER + 32);
  header.writeBigUInt64LE(size, FILE_HEADER + 40);
  header.writeBigUInt64LE(PAGE, FILE_HEADER + 48);
  return Buffer.concat([header, code]);
}

const FILE_HEADER = 64;
const SEGMENT_HEADER = 56;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const EXECUTABLE = 2;
const LOAD = 1;
const READ_AND_EXECUTE = 5;
const ADDRESS = 0x400000n;
const PAGE = 0x1000n;

const TARGETS: Partial<Record<NodeJS.Architecture, { machine: number; code: Buffer }>> = {
  // mov eax, 34 (pause); syscall; jmp back
  x64: { machine: 0x3e, code: Buffer.from("b8220000000f05ebf7", "hex") },
  // mov x0…x4, 0; mov x8, 73 (ppoll); svc 0; b back
  arm64: {
    machine: 0xb7,
    code: Buffer.from("000080d2010080d2020080d2030080d2040080d2280980d2010000d4f9ffff17", "hex"),
  },
};
