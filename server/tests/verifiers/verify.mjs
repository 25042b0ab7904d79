/**
 * Verifies one webhook as a receiver in Node.js would: by the published library, and its Ed25519 signatures, which that
 * library does not know, by Node's own cryptography. Reads `{ secret, publicKey, headers, body }`, and prints what holds.
 */
import { createPublicKey, verify } from "node:crypto";
import { text } from "node:stream/consumers";

import { Webhook } from "standardwebhooks";

/** What stands before the 32 bytes of an Ed25519 key in its DER form (RFC 8410). */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");

const { secret, publicKey, headers, body } = JSON.parse(await text(process.stdin));

function isSymmetricValid() {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

function isAsymmetricValid() {
  const raw = Buffer.from(publicKey.replace(/^whpk_/, ""), "base64");
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: "der", type: "spki" });
  const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  const signatures = headers["webhook-signature"].split(" ").map((signature) => signature.split(","));
  return signatures.some(([version, signature]) => version === "v1a" && verify(null, signed, key, Buffer.from(signature, "base64")));
}

console.log(JSON.stringify({ v1: isSymmetricValid(), v1a: isAsymmetricValid() }));
