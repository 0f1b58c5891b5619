const FILE_HEADER = 64;
const SEGMENT_HEADER = 56;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const EXECUTABLE = 2;
const LOAD = 1;
const READ_AND_EXECUTE = 5;
const ADDRESS = 0x400000n;
const PAGE = 0x1000n;

/** Machine code for one architecture, with ELF's number for that. */
export interface Instructions {
  readonly machine: number;
  readonly code: Buffer;
}

/** ELF's numbers for architectures. */
export const Machine = { x64: 0x3e, arm64: 0xb7 } as const;

/**
 * Builds the smallest ELF executable for Linux: a header, one segment, and static code. Such
 * programs are built here because there may be no compiler, registry or shell.
 */
export function executable({ machine, code }: Instructions): Buffer {
  const header = Buffer.alloc(FILE_HEADER + SEGMENT_HEADER);
  const size = BigInt(header.length + code.length);
  header.set([0x7f, 0x45, 0x4c, 0x46, CLASS_64, LITTLE_ENDIAN, 1]);
  header.writeUInt16LE(EXECUTABLE, 16);
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(ADDRESS + BigInt(header.length), 24); // Entry point.
  header.writeBigUInt64LE(BigInt(FILE_HEADER), 32); // Offset of the segment header.
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
