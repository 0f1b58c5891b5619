/** A line that is no request. `id` is the request's, if it has one. */
export class AdminRequestError extends Error {
  override readonly name = "AdminRequestError";
  readonly id: number | null;

  constructor(message: string, id: number | null = null) {
    super(message);
    this.id = id;
  }
}
