// A certificate for one run of one test.

import { createHash, X509Certificate } from "node:crypto";
import { generate } from "selfsigned";

/** Key and certificate in PEM, and the hash of the public key by which a browser can be told to trust it. */
export async function throwAwayCertificate() {
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], { keyType: "ec" });
  const publicKey = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" });
  return { key, cert, keyHash: createHash("sha256").update(publicKey).digest("base64") };
}
