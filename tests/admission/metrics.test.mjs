// With the binding METRICS there is one data point for each event and for each answer of the gate's own, and in none of them
// is a path, a person or a token.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { gateFor, login, presenting } from "../support/index.mjs";

const RULES = [
  { path: "/login", session: "optional" },
  { path: "/closed/*", session: "required" },
];
const gate = await gateFor({ after }, { measured: true, vars: { RULES } });

const points = () => gate.logs.filter(({ point }) => point).map(({ point }) => point);
const pointOf = async (what, route) => {
  const isIt = ({ point }) => point?.blobs[0] === what && (route === undefined || point.blobs[1] === route);
  return (await gate.logged(isIt))?.point;
};

describe("a data point", () => {
  test("of an answer has its reason, the kind of route and how long objects were waited for", async () => {
    await gate.fetch("/auth/nowhere/secret-path");
    const { indexes, blobs, doubles } = await pointOf("not-found");
    assert.deepEqual(indexes, ["not-found"]);
    assert.deepEqual(blobs.slice(0, 3), ["not-found", "unknown", ""]);
    assert.deepEqual(doubles, [1, 0]);
  });

  test("of a refusal in front of the application has the number of the rule", async () => {
    await gate.fetch("/closed/page", { headers: { "sec-fetch-mode": "cors" } });
    assert.deepEqual((await pointOf("no-session")).blobs.slice(0, 3), ["no-session", "application", "1"]);
    const before = points().length;
    await gate.fetch("/page", { headers: { "sec-fetch-mode": "cors" } });
    await gate.logged(() => points().length > before);
    assert.deepEqual(points().at(-1).blobs.slice(0, 3), ["no-session", "application", "-1"]);
  });

  test("of a logout tells of the object's event too", async () => {
    const tokens = await login(gate, "tilda");
    await gate.fetch("/logout", { method: "POST", headers: presenting(tokens) });
    assert.deepEqual((await pointOf("logged-out")).blobs.slice(0, 2), ["logged-out", "logout"]);
    assert.ok(await pointOf("session_created"));
    assert.deepEqual((await pointOf("session_logout")).doubles, [1, 0]);
  });

  test("is written once for each answer", async () => {
    const count = () => points().filter(({ blobs }) => blobs[0] === "method").length;
    for (let n = 1; n <= 3; n++) {
      await gate.fetch("/logout", { method: "PUT" });
      await gate.logged(() => count() === n);
    }
    assert.equal(count(), 3);
  });

  test("is not written for what the application answers", async () => {
    const tokens = await login(gate, "ursula");
    const before = points().length;
    assert.equal((await gate.fetch("/page", { headers: presenting(tokens) })).status, 200);
    await gate.fetch("/auth/nowhere/last");
    await gate.logged(() => points().length > before);
    const since = points().slice(before);
    assert.deepEqual(
      since.map(({ blobs }) => blobs[0]).filter((what) => what !== "session_created"),
      ["not-found"],
    );
  });

  test("has nothing in it of a path, a person or a token", async () => {
    const tokens = await login(gate, "vera");
    await gate.fetch("/auth/sessions/secret-path", { headers: presenting(tokens) });
    await pointOf("not-found");
    const all = JSON.stringify(points());
    for (const secret of ["secret-path", "vera", "tilda", tokens.access, tokens.refresh, tokens.handle]) {
      assert.ok(!all.includes(secret));
    }
  });
});
