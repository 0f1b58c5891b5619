import { decodeProtectedHeader, generateKeyPair, jwtVerify, SignJWT } from "jose";

export default async () => {
  const secret = new TextEncoder().encode("a secret of thirty-two bytes....");
  const token = await new SignJWT({ role: "cook" })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject("ada")
    .setIssuedAt(1_700_000_000)
    .sign(secret);
  const { payload } = await jwtVerify(token, secret, { subject: "ada" });
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const signed = await new SignJWT({ n: 1 }).setProtectedHeader({ alg: "ES256" }).sign(privateKey);
  return [
    token,
    payload,
    decodeProtectedHeader(signed),
    (await jwtVerify(signed, publicKey)).payload,
  ];
};
