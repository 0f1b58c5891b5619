const MAX_SHOWN = 100;
/** Control characters, characters that reorder or hide others, unassigned ones, and line ends. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Makes untrusted text safe for messages, which go to terminals and logs. Returns up to 100
 * characters. Unprintable characters become escapes, and lone surrogates become U+FFFD.
 *
 * @example
 * shorten("a\nb\u202e") // "a\\x0ab\\u{202e}"
 */
export function shorten(text: string): string {
  const shown = text
    .slice(0, MAX_SHOWN + 1)
    .toWellFormed()
    .replace(UNPRINTABLE, escaped);
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN).toWellFormed()}…` : shown;
}

function escaped(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  return hex.length > 2 ? `\\u{${hex}}` : `\\x${hex.padStart(2, "0")}`;
}

/** Most names that a message lists. */
const MOST_NAMES = 10;

/**
 * Lists names for a message, ten at most.
 *
 * @example
 * someOf(["A", "B"]) // "A, B"
 */
export function someOf(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map(shorten).join(", ");
  const more = names.length - MOST_NAMES;
  return more > 0 ? `${shown} and ${more} more` : shown;
}
