/**
 * Makes an event's data of a channel's message. Returns `undefined` for text that is no JSON, which
 * only a compromised sandbox sends. Checks the text but does not serialise it again: not all
 * nesting that can be parsed can be written.
 */
export function channelEvent(topic: string, text: string): string | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  // JSON allows a blank instead of a line break, which would end the event's data.
  return `{"topic":${JSON.stringify(topic)},"data":${text.replace(/[\r\n]/g, " ")}}`;
}
