import { stringify as stringifyStream } from "csv-stringify";
import { stringify } from "csv-stringify/sync";

export default async () => {
  const stream = stringifyStream({ delimiter: ";" });
  stream.write(["a", 'say "hi"']);
  stream.end(["b", 2]);
  let text = "";
  for await (const chunk of stream) text += chunk;
  return [text, stringify([{ x: 1, y: "a,b" }], { header: true })];
};
