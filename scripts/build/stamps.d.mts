/**
 * State of one part of `dist/`: its files, and its sources with their signs, all relative to the
 * root.
 */
export interface Stamp {
  readonly outputs: readonly string[];
  readonly sources: Readonly<Record<string, string>>;
}

export function readStamps(root: string): Record<string, Stamp>;
export function writeStamps(root: string, stamps: Readonly<Record<string, Stamp>>): void;
export function isFresh(root: string, stamp: Stamp | undefined): boolean;
export function signOf(root: string, path: string): string;
