import { decode, decodeMultiStream, encode } from "@msgpack/msgpack";

export default async () => {
  const value = { list: [1, -1, 1.5], text: "ü", none: null, bytes: new Uint8Array([1, 2]) };
  const bytes = encode(value);
  const all: unknown[] = [];
  const stream = new Blob([bytes.slice(), encode("next").slice()]).stream();
  for await (const item of decodeMultiStream(stream))
    all.push((item as { text?: string }).text ?? item);
  const { bytes: back, ...rest } = decode(bytes) as typeof value;
  return [bytes.length, rest, [...back], all];
};
