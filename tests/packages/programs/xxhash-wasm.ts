import xxhash from "xxhash-wasm";

export default async () => {
  const { h32, h64ToString, create64 } = await xxhash();
  return [h32("tea"), h64ToString("tea"), `${create64().update("tea").digest()}`];
};
