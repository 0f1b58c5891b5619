import { Builder, parseStringPromise } from "xml2js";

export default async () => {
  const parsed = await parseStringPromise("<a x='1'><b>one</b><b>two</b></a>");
  return [parsed, new Builder({ headless: true }).buildObject({ root: { n: 1 } })];
};
