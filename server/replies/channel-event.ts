/**
 * A channel's message as the data of an event; `undefined` for text that is no JSON, which only a
 * sandbox that cheats sends. The text is checked and not written anew: nesting that can be parsed
 * cannot always be written.
 */
export function channelEvent(topic: string, text: string): string | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  // Between tokens a line break is a blank; in an event it would be the end of the data.
  return `{"topic":${JSON.stringify(topic)},"data":${text.replace(/[\r\n]/g, " ")}}`;
}
