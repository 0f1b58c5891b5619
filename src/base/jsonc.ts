/** Reads JSON with comments and commas at the ends of lists, as deno.jsonc has them. */
export function parseJsonc(text: string): unknown {
  return JSON.parse(withoutCommas(withoutComments(withoutMark(text))));
}

/** Removes the mark of Unicode that some editors write at the begin of a file. */
export function withoutMark(text: string): string {
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** Returns the end of a string that begins at an index. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function withoutComments(text: string): string {
  let result = "";
  let from = 0;
  let at = 0;
  while (at < text.length) {
    if (text[at] === '"') at = endOfString(text, at);
    else if (text[at] === "/" && (text[at + 1] === "/" || text[at + 1] === "*")) {
      result += text.slice(from, at);
      const isLine = text[at + 1] === "/";
      const end = text.indexOf(isLine ? "\n" : "*/", at + 2);
      at = end === -1 ? text.length : end + (isLine ? 0 : 2);
      from = at;
    } else at += 1;
  }
  return result + text.slice(from);
}

/** Removes each comma that only white space separates from a closing bracket. */
function withoutCommas(text: string): string {
  let result = "";
  let from = 0;
  let comma = -1;
  let at = 0;
  while (at < text.length) {
    const letter = text[at] ?? "";
    if (letter === '"') {
      at = endOfString(text, at);
      comma = -1;
      continue;
    }
    if (letter === ",") comma = at;
    else if ((letter === "]" || letter === "}") && comma !== -1) {
      result += text.slice(from, comma);
      from = comma + 1;
      comma = -1;
    } else if (letter.trim() !== "") comma = -1;
    at += 1;
  }
  return result + text.slice(from);
}
