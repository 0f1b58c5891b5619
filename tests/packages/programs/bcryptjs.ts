import bcrypt from "bcryptjs";

export default async () => {
  const hash = await bcrypt.hash("open sesame", 4);
  return [
    hash.slice(0, 7),
    hash.length,
    await bcrypt.compare("open sesame", hash),
    bcrypt.compareSync("sesame", hash),
  ];
};
