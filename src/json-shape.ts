const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

export interface JsonShape {
  /** Levels of nesting; 0 for a bare value. */
  readonly depth: number;
  /** Arrays and objects. */
  readonly containers: number;
  /** Members of all objects: each has a name that has to be looked up. */
  readonly names: number;
  /** Commas: less than as many values are in it as these, the containers and one more. */
  readonly commas: number;
}

/**
 * Measures JSON text without parsing it, a fraction of what parsing costs: a few megabytes of empty
 * objects, or of names, take seconds to parse, and nobody else is served meanwhile. For text that is no JSON
 * the numbers mean nothing.
 */
export function jsonShape(text: string): JsonShape {
  let level = 0;
  let depth = 0;
  let containers = 0;
  let names = 0;
  let commas = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) inString = !inString;
    else if (inString && char === BACKSLASH) at += 1;
    else if (!inString && OPEN.has(char)) {
      level += 1;
      containers += 1;
      if (level > depth) depth = level;
    } else if (!inString && CLOSE.has(char)) level -= 1;
    else if (!inString && char === COMMA) commas += 1;
    else if (!inString && char === COLON) names += 1;
  }
  return { depth, containers, names, commas };
}
