// What holds with every real provider: from the address to the header that the application reads, and both ways out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { newClient } from "../browser-jar.mjs";
import { isSignedIn, tokensIn } from "../session.mjs";
import { soon } from "../time.mjs";
import { begin, comeBack, gateAt, KEY, open } from "./gate-at.mjs";

/** The tests of a provider, which `start` starts. */
export function liveProvider(start) {
  test("signs a person in, whom the application hears of", async (t) => {
    const { gate, client, returned } = await signedIn(t, start);
    assert.equal(returned.status, 303);
    assert.equal(returned.headers.get("location"), "/echo?from=login");
    const { headers } = await (await open(client, "/echo?from=login")).json();
    assert.match(decodeURIComponent(headers["gate-user"]), new RegExp(`^${KEY}:.+`));
    const told = await (await client.fetch("/auth/session")).json();
    assert.equal(told.provider, KEY);
    assert.equal(told.claims.email, "ada@example.com");
    assert.deepEqual(JSON.stringify(gate.logs).match(/ey[\w-]+\.ey/g), null, "the log has no token");
  });

  test("is asked nothing by somebody who is signed in there", async (t) => {
    const { gate, person, returned } = await signedIn(t, start);
    const other = newClient(gate);
    const again = await comeBack(other, await person.walk(await begin(other), {}));
    assert.ok(tokensIn(again).access);
    assert.ok(await isSignedIn(gate, tokensIn(returned)), "the first browser stays signed in");
  });

  test("hears of a log-out here, and knows the person no more", async (t) => {
    const { gate, client, person, returned } = await signedIn(t, start);
    assert.equal(await person.isKnown(await begin(newClient(gate))), true);
    const left = await open(client, "/logout?return_to=/bye");
    assert.equal(left.status, 303);
    assert.equal(await isSignedIn(gate, tokensIn(returned)), false, "it is done here first");
    const { url } = await person.confirmSignOut(left.headers.get("location"));
    const back = await comeBack(client, { url });
    assert.equal(new URL(back.headers.get("location"), gate.url).href, `${gate.url}/bye`);
    assert.equal(await person.isKnown(await begin(newClient(gate))), false, "the provider asks who it is");
  });

  test("ends the session here when a person signs out there", async (t) => {
    const { gate, person, returned } = await signedIn(t, start);
    assert.ok(await isSignedIn(gate, tokensIn(returned)));
    await person.signOutThere();
    assert.ok(await soon(async () => !(await isSignedIn(gate, tokensIn(returned)))));
  });
}

async function signedIn(t, start) {
  const provider = await start(t);
  const gate = await gateAt(t, provider);
  const client = newClient(gate);
  const person = provider.person();
  const url = await begin(client, "/auth/login?return_to=/echo%3Ffrom=login");
  const returned = await comeBack(client, await person.signIn(url, "ada"));
  return { provider, gate, client, person, returned };
}
