import { blake3 } from "@noble/hashes/blake3.js";
import { hmac } from "@noble/hashes/hmac.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

export default () => [
  bytesToHex(sha256(utf8ToBytes("tea"))),
  bytesToHex(blake3(utf8ToBytes("tea"))),
  bytesToHex(hmac(sha256, utf8ToBytes("key"), utf8ToBytes("tea"))),
  bytesToHex(scrypt("pw", "salt", { N: 16, r: 8, p: 1, dkLen: 16 })),
];
