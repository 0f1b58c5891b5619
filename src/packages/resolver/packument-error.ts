/** Failure that stops the resolution, or leaves an optional package out. */
export class PackumentError extends Error {
  readonly code: string;
  readonly package: string;

  constructor(code: string, name: string) {
    super(`${code} ${name}`);
    this.code = code;
    this.package = name;
  }
}
