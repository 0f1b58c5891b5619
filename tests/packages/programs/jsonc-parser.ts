import { applyEdits, modify, parse } from "jsonc-parser";

export default () => {
  const text = '{ "port": 80, /* http */ "on": true }';
  return [parse(text), applyEdits(text, modify(text, ["port"], 443, {}))];
};
