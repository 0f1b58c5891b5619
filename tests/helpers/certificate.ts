import { execFileSync } from "node:child_process";

/** Makes a key, and a self-signed certificate for a name, in PEM. */
export function certificateFor(name: string): { key: string; cert: string } {
  const kind = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`];
  const uses = [`subjectAltName=DNS:${name}`, "basicConstraints=critical,CA:FALSE"];
  const options = [...kind, ...uses.flatMap((use) => ["-addext", use]), "-keyout", "-"];
  const pem = execFileSync("openssl", ["req", "-x509", ...options], { stdio: "pipe" }).toString();
  const middle = pem.indexOf("-----BEGIN CERTIFICATE-----");
  return { key: pem.slice(0, middle), cert: pem.slice(middle) };
}
