import { customAlphabet, nanoid } from "nanoid";

export default () => [
  nanoid().length,
  nanoid(7).length,
  /^[abc]{12}$/.test(customAlphabet("abc", 12)()),
  new Set(Array.from({ length: 100 }, () => nanoid())).size,
];
