const MAX_SHOWN = 100;
/** Controls, what reorders or hides other characters, what is no character, and ends of lines. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * What is shown of somebody else's text in messages, which go to terminals and logs: up to 100
 * characters, what cannot be printed as escapes, and halves of characters as the sign for what is
 * no character.
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
