import { generateKeyPairSync } from "node:crypto";
import jwt from "jsonwebtoken";

export default () => {
  const token = jwt.sign({ user: 7, iat: 1_700_000_000 }, "secret of mine", { issuer: "shop" });
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signed = jwt.sign({ a: 1 }, privateKey, { algorithm: "ES256", noTimestamp: true });
  let failure = "";
  try {
    jwt.verify(token, "another secret");
  } catch (error) {
    failure = (error as Error).message;
  }
  return [token, jwt.verify(token, "secret of mine"), jwt.verify(signed, publicKey), failure];
};
