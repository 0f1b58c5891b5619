import { execFileSync } from "node:child_process";

/** A new key, and a certificate for a name that vouches for itself, in PEM. */
export function certificateFor(name: string): { key: string; cert: string } {
  const kind = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`];
  const uses = [`subjectAltName=DNS:${name}`, "basicConstraints=critical,CA:FALSE"];
  const options = [...kind, ...uses.flatMap((use) => ["-addext", use]), "-keyout", "-"];
  const pem = execFileSync("openssl", ["req", "-x509", ...options], { stdio: "pipe" }).toString();
  const middle = pem.indexOf("-----BEGIN CERTIFICATE-----");
  return { key: pem.slice(0, middle), cert: pem.slice(middle) };
}
