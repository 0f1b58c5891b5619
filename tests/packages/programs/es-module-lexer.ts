import { init, parse } from "es-module-lexer";

const source = 'import { a } from "tea"; export const b = () => import("./c.js");';

export default async () => {
  await init();
  const [imports, exports] = parse(source);
  return [
    imports.map(({ specifier }) => specifier),
    exports.map(({ name }) => name),
    source.slice(imports[0]?.importStart, imports[0]?.importEnd),
  ];
};
