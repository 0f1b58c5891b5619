import { decode, encode } from "@jsquash/png";

export default async () => {
  const data = new Uint8ClampedArray([255, 0, 0, 255, 0, 0, 255, 255]);
  const bytes = await encode({ data, width: 2, height: 1, colorSpace: "srgb" } as ImageData);
  return [[...new Uint8Array(bytes).slice(1, 4)], bytes.byteLength > 50, typeof decode];
};
