// Signs and checks tokens, hashes passwords, and encodes texts, with Node's modules.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createHmac, randomUUID, scryptSync, timingSafeEqual } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function sign(payload, secret) {
  const content = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(payload)}`;
  return `${content}.${createHmac("sha256", secret).update(content).digest("base64url")}`;
}

function verify(token, secret, now) {
  const [header, payload, signature] = token.split(".");
  const right = createHmac("sha256", secret).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature ?? "", "base64url");
  if (given.length !== right.length || !timingSafeEqual(given, right)) throw new Error("Bad signature");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  if (claims.exp < now) throw new Error(`Expired ${now - claims.exp} s ago`);
  return claims;
}

export default () => {
  const token = sign({ sub: "ada", exp: 1_700_000_000 }, "secret");
  console.log(token);
  console.log("sub: %s", verify(token, "secret", 1_699_999_999).sub);
  for (const [text, at] of [[token, 1_700_000_060], [token.slice(0, -4), 0]]) {
    try {
      verify(text, "secret", at);
    } catch (error) {
      console.warn(error.message);
    }
  }
  console.log(createHash("md5").update("héllo").digest("hex"), createHash("sha1").update("").digest("base64"));
  console.log(scryptSync("password", "salt", 16, { N: 1024 }));
  const packed = deflateRawSync("abc".repeat(100));
  console.log(packed.length < 20, inflateRawSync(packed).toString().length);
  assert.match(randomUUID(), /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  assert.throws(() => assert.deepEqual({ a: 1 }, { a: 2 }), { code: "ERR_ASSERTION" });
  return verify(token, "secret", 0);
};
