/** Reason why a name has no address. The client sees `message`, so it contains no internals. */
export class LookupError extends Error {
  override readonly name = "LookupError";
  readonly code: "RESOLVE_FAILED" | "RESOLVE_TIMEOUT";

  constructor(code: LookupError["code"], message: string) {
    super(message);
    this.code = code;
  }
}
