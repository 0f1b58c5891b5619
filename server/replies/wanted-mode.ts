const EVENT_STREAM = "text/event-stream";

/** Whether an `Accept` header asks for events: by name, and not with a weight of zero. */
export function wantsEvents(accept: string | null): boolean {
  return (accept ?? "").split(",").some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return type === EVENT_STREAM && !parameters.some((text) => /^q=0(\.0*)?$/.test(text));
  });
}

/** Whether a `Prefer` header (RFC 7240) asks for an answer that comes later. */
export function wantsLater(prefer: string | null): boolean {
  return (prefer ?? "")
    .split(",")
    .some((part) => part.split(";")[0]?.trim().toLowerCase() === "respond-async");
}
