/** Most characters of quoted hostile text: the longest name and its port. */
const MAX_QUOTED = 260;

/** Makes hostile text fit to quote: printable ASCII of at most 260 characters. */
export function quotable(text: string): string {
  return text.slice(0, MAX_QUOTED).replace(/[^\x21-\x7e]/g, "?");
}

/** Formats the destination of a proxy's decision. `port` is 0 where none could be read. */
export function subjectText(host: string, port: number): string {
  return quotable(port === 0 ? host : `${host}:${port}`);
}
