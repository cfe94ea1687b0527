// The session cookies have exactly the attributes that keep them from scripts, from other
// hosts and from other sites' forms, and never outlive the session.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { ACCESS, gateFor, login, presenting, REFRESH, setCookies } from "../support/index.mjs";

const HARDENED = { path: "/", secure: "", httponly: "", samesite: "Lax" };
// Long enough for the clock to show another second when it answers than when it was asked.
const SLOW_OBJECT = `
import { DurableObject } from "cloudflare:workers";
import { UserSessions as Deployed } from "./index.js";

export class UserSessions extends DurableObject {
  constructor(state, env) {
    super(state, env);
    this.deployed = new Deployed(state, env);
  }

  async run(command) {
    Date.pass(1100);
    return this.deployed.run(command);
  }
}`;
const FOUR_HUNDRED_DAYS = 34_560_000;
const IDLE_DEFAULT = 8_640_000;

describe("without further configuration", async () => {
  const gate = await gateFor({ after });

  for (const name of [ACCESS, REFRESH]) {
    test(`${name} is host-only, at /, Secure, HttpOnly and SameSite=Lax, for the idle lifetime`, async () => {
      const { response } = await login(gate, "alice");
      assert.deepEqual(attributesOf(response, name), { ...HARDENED, "max-age": String(IDLE_DEFAULT) });
    });
  }

  test("each is set by one header of its own, and nothing else is set", async () => {
    const { response } = await login(gate, "alice");
    assert.deepEqual(
      setCookies(response)
        .map(({ name }) => name)
        .sort(),
      [ACCESS, REFRESH].sort(),
    );
  });

  test("a renewal sets them with the same attributes", async () => {
    const { refresh } = await login(gate, "alice");
    const response = await gate.fetch("/echo", { headers: presenting({ refresh }) });
    for (const name of [ACCESS, REFRESH]) {
      assert.deepEqual(attributesOf(response, name), { ...HARDENED, "max-age": String(IDLE_DEFAULT) });
    }
  });
});

describe("the lifetime of the cookies", () => {
  test("ends with the absolute lifetime when that is nearer than the idle one", async (t) => {
    const gate = await gateFor(t, { vars: { SESSION_IDLE_TTL: 5000, SESSION_ABSOLUTE_TTL: 1000 } });
    const { response } = await login(gate, "alice");
    assert.equal(attributesOf(response, REFRESH)["max-age"], "1000");
    assert.equal(attributesOf(response, ACCESS)["max-age"], "1000");
  });

  test("counts from now, however long the object took", async (t) => {
    const gate = await gateFor(t, { clock: true, objectFault: SLOW_OBJECT });
    const { response } = await login(gate, "alice");
    assert.equal(attributesOf(response, ACCESS)["max-age"], String(IDLE_DEFAULT));
  });

  test("is never above the 400 days that browsers allow", async (t) => {
    const gate = await gateFor(t, { vars: { SESSION_IDLE_TTL: 50_000_000, SESSION_ABSOLUTE_TTL: 60_000_000 } });
    const { response } = await login(gate, "alice");
    assert.equal(attributesOf(response, REFRESH)["max-age"], String(FOUR_HUNDRED_DAYS));
  });
});

/** The attributes with which a response sets the cookie `name` to a value. */
function attributesOf(response, name) {
  const cookie = setCookies(response).find((candidate) => candidate.name === name && candidate.value !== "");
  assert.ok(cookie, `${name} is set`);
  return cookie.attributes;
}
