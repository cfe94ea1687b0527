// docs/start/problems.md is walked through: what each row says people see is what they see, and what helps does.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { gateFor, NAVIGATION, newClient, setCookies, textOf } from "../support/index.mjs";
import { freePort, listening } from "../support/providers/listening.mjs";

const ON_SITE = { ...NAVIGATION, "sec-fetch-site": "same-origin" };

/** Rows that other tests walk through, or no gate is needed for. */
const ELSEWHERE = {
  "403 `CSRF verification failed` (Django)": "tests/documents/start-pages.test.mjs",
  "the site is there without the gate": "tests/package/doctor.test.mjs",
  "files are there without a login": "tests/package/doctor.test.mjs",
  "`npm start`: the port is in use": "tests/package/templates.test.mjs",
};

/** @type {Record<string, (t: import("node:test").TestContext) => Promise<void>>} */
const WALKED = {
  "the login page again after each login": async (t) => {
    assert.equal(await isInAfterLogin(t, {}), false);
    assert.equal(await isInAfterLogin(t, { "Gate-Create-Session": '{"userId":"ada"}' }), true);
  },

  "the same, on an address that begins with `http://` and is not `localhost`": async (t) => {
    const gate = await gateFor(t);
    const login = await gate.fetch("/login?user=ada", { method: "POST" });
    assert.ok(setCookies(login).every(({ attributes }) => "secure" in attributes));
  },

  "the same, with `COOKIE_DOMAIN`": async (t) => {
    const settings = { COOKIE_DOMAIN: "example.com" };
    assert.equal(await isInAfterLogin(t, { "Gate-Create-Session": '{"userId":"ada"}' }, settings), false);
  },

  "too many redirects": async (t) => {
    const gate = await gateBefore(t, (request) =>
      request.url.startsWith("/login") ? [303, { location: "/login" }] : [200, {}],
    );
    const client = newClient(gate);
    const sent = await client.fetch("/", { headers: NAVIGATION });
    const again = await client.fetch(sent.headers.get("location"), { headers: NAVIGATION });
    assert.equal(again.headers.get("location"), "/login");
    assert.equal(again.headers.get("gate-reason"), null, "the application does it");
  },

  "401, and no way to log in": async (t) => {
    const without = await gateFor(t, { vars: { LOGIN_URL: undefined } });
    assert.equal((await without.fetch("/", { headers: NAVIGATION })).status, 401);
    const PROVIDERS = [{ key: "corp", issuer: "https://idp.example.com", client_id: "gate" }];
    for (const vars of [{ LOGIN_URL: "/login" }, { LOGIN_URL: undefined, PROVIDERS }]) {
      assert.equal((await (await gateFor(t, { vars })).fetch("/", { headers: NAVIGATION })).status, 303);
    }
  },

  "403 with `Gate-Reason: cross-site`": async (t) => {
    const post = async (vars, headers) => {
      const gate = await gateFor(t, { vars });
      const client = newClient(gate);
      await client.login("ada");
      const answer = await client.fetch("/notes", { method: "POST", headers });
      return [answer.status, answer.headers.get("gate-reason")];
    };
    const foreign = { "sec-fetch-site": "cross-site", origin: "https://other.example" };
    assert.deepEqual(await post({}, foreign), [403, "cross-site"]);
    assert.deepEqual(await post({ CORS_ORIGINS: ["https://other.example"] }, foreign), [200, null]);
    assert.deepEqual(await post({ ALLOW_SAME_SITE: true }, { "sec-fetch-site": "same-site" }), [200, null]);
  },

  "500 with `Gate-Reason: misconfigured`": async (t) => {
    const gate = await gateFor(t, { vars: { GATE_SECRET: undefined } });
    const answer = await gate.fetch("/");
    assert.deepEqual([answer.status, answer.headers.get("gate-reason")], [500, "misconfigured"]);
    assert.ok(await gate.logged((line) => JSON.stringify(line).includes("GATE_SECRET")), "the log names it");
  },

  "502 with `Gate-Reason: origin-unreachable`": async (t) => {
    const vars = { LOGIN_URL: "/login" };
    const gate = await gateFor(t, { originUrl: `http://127.0.0.1:${await freePort()}`, vars });
    const answer = await gate.fetch("/login", { headers: NAVIGATION });
    assert.deepEqual([answer.status, answer.headers.get("gate-reason")], [502, "origin-unreachable"]);
  },

  "502 with `Gate-Reason: origin-headers`": async (t) => {
    const gate = await gateBefore(t, () => [200, { "Gate-Create-Session": "ada" }]);
    const answer = await gate.fetch("/login", { headers: ON_SITE });
    assert.deepEqual([answer.status, answer.headers.get("gate-reason")], [502, "origin-headers"]);
  },

  "links lead to the application's own address": async (t) => {
    const heard = [];
    const gate = await gateBefore(t, ({ headers }) => {
      heard.push([headers.host, headers["x-forwarded-host"], headers["x-forwarded-proto"]]);
      return [200, {}];
    });
    await gate.fetch("/login", { headers: ON_SITE });
    const [[own, forwarded, scheme]] = heard;
    assert.notEqual(own, forwarded);
    assert.equal(`${scheme}://${forwarded}`, gate.url);
  },

  "styles and images are missing on the login page": async (t) => {
    const [closed, open] = await Promise.all(
      [[], [{ path: "/assets/*", session: "none" }]].map(async (RULES) => {
        const gate = await gateFor(t, { vars: { RULES } });
        return (
          await gate.fetch("/assets/style.css", { headers: { "sec-fetch-dest": "style", "sec-fetch-mode": "no-cors" } })
        ).status;
      }),
    );
    assert.deepEqual([closed, open], [401, 200]);
  },
};

describe("what people see", async () => {
  const table = (await textOf("docs/start/problems.md")).split("|---|---|---|\n")[1].split("\n\n")[0];
  const symptoms = table.split("\n").map((row) => row.split(" | ")[0].slice(2));

  for (const symptom of symptoms.filter((symptom) => !(symptom in ELSEWHERE))) {
    test(symptom, (t) => WALKED[symptom](t));
  }

  test("nothing is walked through that is no row", () => {
    const rows = [...Object.keys(WALKED), ...Object.keys(ELSEWHERE)];
    assert.deepEqual(
      rows.filter((row) => !symptoms.includes(row)),
      [],
    );
  });
});

/** A gate in front of a server that answers with a status and headers. */
async function gateBefore(t, answerTo, vars = {}) {
  const server = createServer((request, response) => {
    request.resume();
    const [status, headers] = answerTo(request);
    response.writeHead(status, headers).end();
  });
  const { url, stop } = await listening((request, response) => server.emit("request", request, response));
  t.after(stop);
  return gateFor(t, { originUrl: url, vars });
}

async function isInAfterLogin(t, headers, vars = {}) {
  const gate = await gateBefore(
    t,
    ({ method }) => (method === "POST" ? [303, { location: "/", ...headers }] : [200, {}]),
    vars,
  );
  const client = newClient(gate);
  await client.fetch("/login", { method: "POST", headers: ON_SITE });
  return (await client.fetch("/", { headers: ON_SITE })).status === 200;
}
