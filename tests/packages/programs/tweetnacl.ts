import nacl from "tweetnacl";

export default () => {
  const key = nacl.randomBytes(nacl.secretbox.keyLength);
  const nonce = new Uint8Array(nacl.secretbox.nonceLength);
  const box = nacl.secretbox(new TextEncoder().encode("tea at five"), nonce, key);
  const pair = nacl.sign.keyPair.fromSeed(new Uint8Array(32).fill(7));
  const signed = nacl.sign.detached(box.slice(0, 1), pair.secretKey);
  const opened = nacl.secretbox.open(box, nonce, key);
  return [
    new TextDecoder().decode(opened ?? new Uint8Array()),
    [...pair.publicKey.slice(0, 4)],
    nacl.sign.detached.verify(box.slice(0, 1), signed, pair.publicKey),
  ];
};
