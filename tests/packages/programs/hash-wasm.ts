import { argon2id, blake3, createSHA1, md5, xxhash64 } from "hash-wasm";

export default async () => {
  const sha1 = await createSHA1();
  for (const word of ["tea", "rice"]) sha1.update(word);
  const password = {
    password: "pw",
    salt: new Uint8Array(16),
    parallelism: 1,
    iterations: 2,
    memorySize: 64,
    hashLength: 16,
  };
  return [
    await md5("tea"),
    await blake3("tea"),
    await xxhash64("tea"),
    sha1.digest(),
    await argon2id(password),
  ];
};
