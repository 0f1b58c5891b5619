import { Document, parse, parseDocument, stringify } from "yaml";

export default () => {
  const document = parseDocument("# kept\nport: 80 # http\n");
  document.set("port", 443);
  return [
    parse("a: &x [1, 2]\nb: *x"),
    stringify({ text: "a: b", n: [1, { two: 2 }] }),
    String(document),
    new Document({ x: 1 }).toJS(),
  ];
};
