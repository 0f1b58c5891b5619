import { XMLBuilder, XMLParser } from "fast-xml-parser";

export default () => {
  const parsed = new XMLParser({ ignoreAttributes: false }).parse(
    '<shop city="Bonn"><item n="2">tea</item><item>rice &amp; oil</item></shop>',
  );
  return [parsed, new XMLBuilder({ ignoreAttributes: false }).build(parsed)];
};
