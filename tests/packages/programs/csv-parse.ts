import { parse as parseStream } from "csv-parse";
import { parse } from "csv-parse/sync";

export default async () => {
  const rows: unknown[] = [];
  const parser = parseStream({ delimiter: ";" });
  parser.end("1;2\n3;4\n");
  for await (const row of parser) rows.push(row);
  return [rows, parse('name,n\n"tea, green",2\n', { columns: true, cast: true })];
};
