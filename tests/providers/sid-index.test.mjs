// The index of a provider's sessions is written with the login, and only where it is wanted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isSignedIn, tokensIn } from "../support/index.mjs";
import { attempt, pair, signedIn } from "../support/providers/gate-at.mjs";

/** An index that fails: none of its objects does anything. */
const FAILING = `
import { DurableObject } from "cloudflare:workers";
export { UserSessions } from "./index.js";
export class SidIndex extends DurableObject {
  run() {
    throw new Error("the index fails");
  }
}`;

/** An index of which each object says what it was asked, and what storage it has then. */
const WATCHED = `
import { SidIndex as Real } from "./index.js";
export { UserSessions } from "./index.js";
export class SidIndex extends Real {
  async run(command) {
    const reply = super.run(command);
    const tables = this.ctx.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'sid'").toArray().length;
    const alarm = await this.ctx.storage.getAlarm();
    console.log(JSON.stringify({ event: "index", asked: Object.keys(JSON.parse(command))[0], tables, alarm }));
    return reply;
  }
}`;

test("a login whose index fails is 503 and signs nobody in", async (t) => {
  const { idp, gate } = await pair(t, { provider: { sid_index: true }, objectFault: FAILING });
  const { response } = await attempt(gate, idp);
  assert.equal(response.status, 503, await response.text());
  assert.deepEqual(tokensIn(response), { access: undefined, refresh: undefined, pending: undefined });
});

test("without sid_index no index object is made", async (t) => {
  const { idp, gate } = await pair(t, { objectFault: FAILING });
  assert.ok(await isSignedIn(gate, await signedIn(gate, idp)));
});

test("a row stays until its session's absolute end, and goes when it is used; a browser's unknown sid makes none", async (t) => {
  const absolute = 5000;
  const { idp, gate } = await pair(t, { provider: { sid_index: true, absolute }, objectFault: WATCHED });
  const asked = async (what) => {
    const line = await gate.logged(({ event, asked }) => event === "index" && asked === what);
    assert.ok(line, `${what}: ${JSON.stringify(gate.logs)}`);
    return line;
  };
  const load = (sid) => gate.fetch(`/auth/frontchannel-logout/corp?sid=${sid}`);

  await load("unknown-unknown-unknown");
  assert.deepEqual(await asked("find"), { event: "index", asked: "find", tables: 0, alarm: null });

  const session = await signedIn(gate, idp);
  const { tables, alarm } = await asked("keep");
  assert.equal(tables, 1);
  const end = gate.now + absolute * 1000;
  assert.ok(alarm > end && alarm <= end + 120_000, `${alarm - end} ms after the session's end`);

  await load(session.login.sid);
  assert.deepEqual(await asked("forget"), { event: "index", asked: "forget", tables: 0, alarm: null });
  assert.equal(await isSignedIn(gate, session), false);
});
