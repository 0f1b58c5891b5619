const EVENT_STREAM = "text/event-stream";

/** Tests whether an `Accept` header names events, with a weight above zero. */
export function wantsEvents(accept: string | null): boolean {
  return wantsType(accept, EVENT_STREAM);
}

/** Tests whether an `Accept` header names a media type, with a weight above zero. */
export function wantsType(accept: string | null, wanted: string): boolean {
  return (accept ?? "").split(",").some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return type === wanted && !parameters.some((text) => /^q=0(\.0*)?$/.test(text));
  });
}

/** Tests whether a `Prefer` header (RFC 7240) asks for a later answer. */
export function wantsLater(prefer: string | null): boolean {
  return (prefer ?? "")
    .split(",")
    .some((part) => part.split(";")[0]?.trim().toLowerCase() === "respond-async");
}
