// Who reads all of the storage and the log can sign in neither here nor at the provider. The numbers are those of
// tests/providers/cases.md.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { storageFolder, storedBytes } from "../support/index.mjs";
import { open, pair, signedIn } from "../support/providers/gate-at.mjs";

const folder = await storageFolder();
const { idp, gate } = await pair({ after }, { persist: folder, provider: { recheck: 900 } });

/** The forms in which a text could stand there. */
const formsOf = (text) => [text, Buffer.from(text).toString("base64"), Buffer.from(text).toString("hex")];

test("case O4: neither the storage nor the log has a token of the provider's, the code or the client secret", async () => {
  const session = await signedIn(gate, idp);
  await open(session.client, "/echo");
  const { idToken, refreshToken, accessToken, code } = session.login;
  const stored = (await storedBytes(folder)).toString("latin1");
  assert.ok(stored.includes("corp:"), "the row is there");
  const all = `${stored}${JSON.stringify(gate.logs)}`;
  for (const secret of [idToken, idToken.split(".")[2], refreshToken, accessToken, code, idp.clientSecret]) {
    for (const form of formsOf(secret)) assert.ok(!all.includes(form));
  }
});

test("case O4: what is stored is still good for the log-out at the provider", async () => {
  const session = await signedIn(gate, idp);
  await gate.restart();
  const response = await open(session.client, "/logout");
  assert.equal(new URL(response.headers.get("location")).searchParams.get("id_token_hint"), session.login.idToken);
});

test("case O4: without the secret that sealed it the log-out goes there without a hint", async () => {
  const session = await signedIn(gate, idp);
  const before = gate.logs.length;
  await gate.restart({ GATE_SECRET: "another-gate-secret-0123456789-abcdefghij", GATE_SECRET_PREVIOUS: undefined });
  const response = await open(session.client, "/logout");
  assert.ok(response.status < 500, `${response.status}`);
  assert.ok(!JSON.stringify(gate.logs.slice(before)).includes(session.login.idToken));
});
