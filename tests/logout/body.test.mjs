// What a logout asks for may stand in a body: as a form, multipart/form-data or JSON, all read the same way, and small.
// Nothing happens by a body that is not understood, and none is read of somebody who has nothing to log out of.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  assertCookiesUntouched,
  gateFor,
  isSignedIn,
  login,
  logout,
  NAVIGATION,
  PENDING,
  presenting,
} from "../support/index.mjs";

const gate = await gateFor({ after }, { vars: { CLEAR_SITE_DATA: [] } });

const URLENCODED = "application/x-www-form-urlencoded";
const LIMIT = 16 * 1024;

/** The ways to say the same in a body, as a browser or a program says it. */
const WRITTEN = {
  "a urlencoded form": (fields) => ({ body: new URLSearchParams(fields) }),
  "multipart/form-data": (fields) => ({ body: formData(fields) }),
  JSON: (fields) => ({ body: JSON.stringify(fields), headers: { "content-type": "application/json" } }),
};

function formData(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

let users = 0;

async function devices() {
  const user = `user-${(users += 1)}`;
  return { here: await login(gate, user), there: await login(gate, user) };
}

async function alive(owned) {
  const states = await Promise.all(
    Object.entries(owned).map(async ([name, { refresh }]) => (await isSignedIn(gate, { refresh })) && name),
  );
  return states.filter(Boolean);
}

const AFTERWARDS = { current: ["there"], all: [], others: ["here"] };

describe("the scope is read from", () => {
  for (const [how, written] of Object.entries(WRITTEN)) {
    for (const [scope, left] of Object.entries(AFTERWARDS)) {
      test(`${how}: ${scope}`, async () => {
        const owned = await devices();
        const response = await logout(gate, owned.here, written({ x: "1", scope, return_to: "/bye" }));
        assert.equal((await response.json()).status, "OK");
        assert.deepEqual(await alive(owned), left);
      });
    }

    test(`${how}, behind the path's and the query's`, async () => {
      const owned = await devices();
      await logout(gate, owned.here, { path: "/logout?scope=others", ...written({ scope: "all" }) });
      assert.deepEqual(await alive(owned), AFTERWARDS.others);
      await logout(gate, owned.here, { path: "/logout/all", ...written({ scope: "others" }) });
      assert.deepEqual(await alive(owned), AFTERWARDS.all);
    });

    test(`${how}, and return_to with it`, async () => {
      const { here } = await devices();
      const { body, headers } = written({ return_to: "/bye?x=\u00fc" });
      const page = { ...NAVIGATION, "sec-fetch-site": "same-origin", ...headers };
      const response = await logout(gate, here, { body, headers: page });
      assert.equal(response.headers.get("location"), "/bye?x=%C3%BC");
    });

    test(`${how}, at /auth/sessions/revoke as well`, async () => {
      const owned = await devices();
      const { body, headers } = written({ handle: owned.there.handle });
      const revoke = { method: "POST", headers: { ...presenting(owned.here), ...headers }, body };
      assert.equal((await gate.fetch("/auth/sessions/revoke", revoke)).status, 200);
      assert.deepEqual(await alive(owned), ["here"]);
    });
  }

  test("the first of its name", async () => {
    const form = formData({ scope: "others" });
    form.append("scope", "all");
    const json = { headers: { "content-type": "application/json" }, body: '{"scope":"others","scope":"all"}' };
    for (const request of [{ body: form }, json]) {
      const owned = await devices();
      await logout(gate, owned.here, request);
      assert.deepEqual(await alive(owned), AFTERWARDS.others);
    }
  });
});

describe("nothing happens by a body that is", () => {
  const typed = (type, body) => ({ headers: type === undefined ? {} : { "content-type": type }, body });
  const multipart = "multipart/form-data; boundary=b";
  const long = "x".repeat(LIMIT);
  const stream = (text) => new Blob([text]).stream();
  /** @type {Record<string, [number, { headers?: any, body: any }]>} */
  const refused = {
    "of another type": [415, typed("text/plain", "scope=all")],
    "of a type like a form's": [415, typed(`${URLENCODED}x`, "scope=all")],
    "of no type": [415, typed(undefined, Buffer.from("scope=all"))],
    "of no type and no announced length": [415, typed(undefined, stream("scope=all"))],
    compressed: [415, { headers: { "content-type": URLENCODED, "content-encoding": "gzip" }, body: "scope=all" }],
    "no JSON": [400, typed("application/json", "scope=all")],
    "JSON that breaks off": [400, typed("application/json", '{"scope":"all"')],
    "JSON, but no object": [400, typed("application/json", '["all"]')],
    "JSON whose scope is no text": [400, typed("application/json", '{"scope":["all"]}')],
    "JSON in another encoding": [400, typed("application/json", Buffer.from('{"scope":"all"}', "utf16le"))],
    "JSON that says it is a urlencoded form": [400, typed(URLENCODED, '{"scope":"all"}')],
    "JSON as the name of a field": [400, { body: new URLSearchParams('{"scope":"all"}') }],
    "multipart that says it is a urlencoded form": [
      400,
      typed(URLENCODED, '--b\r\nContent-Disposition: form-data; name="scope"\r\n\r\nall\r\n--b--'),
    ],
    "a form in UTF-16": [400, typed(`${URLENCODED}; charset=utf-16`, Buffer.from("scope=all", "utf16le"))],
    "a form in UTF-16 that does not say so": [400, typed(URLENCODED, Buffer.from("scope=all", "utf16le"))],
    "JSON that says it is UTF-16": [400, typed("application/json; charset=utf-16", '{"scope":"all"}')],
    "a form with a list of scopes": [400, { body: new URLSearchParams({ "scope[]": "all" }) }],
    "a form with a scope in capitals": [400, { body: new URLSearchParams({ Scope: "all" }) }],
    "JSON with a list of scopes": [400, typed("application/json", '{"scope[]":"all"}')],
    "multipart with a list of scopes": [400, { body: formData({ "scope[]": "all" }) }],
    "multipart without a boundary": [400, typed("multipart/form-data", "--b--")],
    "multipart that breaks off": [
      400,
      typed(multipart, '--b\r\nContent-Disposition: form-data; name="scope"\r\n\r\nall'),
    ],
    "multipart of another boundary": [400, typed(multipart, "--c--\r\n")],
    "longer than 16 KiB": [413, typed(URLENCODED, `scope=all&${long}`)],
    "longer than 16 KiB, which it does not say before": [413, typed(URLENCODED, stream(`scope=all&${long}`))],
    "longer than 16 KiB, in JSON": [413, typed("application/json", JSON.stringify({ scope: "all", long }))],
  };
  for (const [what, [status, request]] of Object.entries(refused)) {
    for (const path of ["/logout", "/auth/sessions/revoke"]) {
      test(`${what}: ${path} answers ${status}`, async () => {
        const owned = await devices();
        // A stream is there once.
        const [body, rest] = request.body instanceof ReadableStream ? request.body.tee() : [request.body, request.body];
        request.body = rest;
        const response = await logout(gate, owned.here, { path, ...request, body });
        assert.equal(response.status, status);
        assertCookiesUntouched(response);
        assert.equal(response.headers.get("front-token"), null);
        assert.deepEqual(await alive(owned), ["here", "there"]);
      });
    }
  }
});

test("an empty body is no body, whatever its type", async () => {
  for (const type of ["text/plain", "application/json", "multipart/form-data", URLENCODED]) {
    for (const body of [Buffer.alloc(0), new Blob([]).stream()]) {
      const owned = await devices();
      const response = await logout(gate, owned.here, { headers: { "content-type": type }, body });
      assert.equal(response.status, 200, type);
      assert.deepEqual(await alive(owned), AFTERWARDS.current);
    }
  }
});

test("fields of the application's beside the gate's own are nothing to a logout", async () => {
  for (const fields of ["csrf=a%2Fb%3D%3D", "_method=delete&user[name]=x", 'state={"scope":"all"}', "scopes=all"]) {
    const owned = await devices();
    const response = await logout(gate, owned.here, { headers: { "content-type": URLENCODED }, body: fields });
    assert.equal(response.status, 200, fields);
    assert.deepEqual(await alive(owned), AFTERWARDS.current);
  }
});

test("a body of exactly 16 KiB is read", async () => {
  const owned = await devices();
  const scope = "&scope=others";
  await logout(gate, owned.here, {
    headers: { "content-type": URLENCODED },
    body: `${"&".repeat(LIMIT - scope.length)}${scope}`,
  });
  assert.deepEqual(await alive(owned), AFTERWARDS.others);
});

/** Announces a body of so many bytes and sends none of it; returns what comes back. */
async function stalled(path, headers, length, through = gate) {
  const { host, port } = new URL(through.url);
  const socket = connect(Number(port), "127.0.0.1").setEncoding("latin1");
  const lines = { Host: host, "Content-Type": URLENCODED, "Content-Length": length, ...headers };
  const fields = Object.entries(lines).map(([name, value]) => `${name}: ${value}`);
  socket.write([`POST ${path} HTTP/1.1`, ...fields, "", ""].join("\r\n"));
  const [received] = await once(socket, "data");
  socket.destroy();
  return { status: Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(received)[1]), received };
}

describe("a body that does not come", () => {
  const strangers = {
    nothing: () => ({}),
    "forged cookies": () => presenting({ access: "not.a.token", refresh: "x", pending: "x" }),
    "two forged cookies": () => ({
      cookie: `${presenting({ access: "a.b.c" }).cookie}; ${presenting({ access: "x" }).cookie}`,
    }),
    "another's bearer token": () => ({ authorization: "Bearer a.b.c" }),
    "a forged marker": () => ({ cookie: `${PENDING}=x` }),
  };
  for (const [what, headers] of Object.entries(strangers)) {
    test(`is not waited for where the request shows ${what}`, async () => {
      const { status, received } = await stalled("/logout", headers(), 1024);
      assert.equal(status, 200);
      assert.match(received, /__Host-sAccessToken=;/);
      assert.equal((await stalled("/auth/sessions/revoke", headers(), 1024)).status, 401);
    });
  }

  test("of more than 16 KiB is not waited for by anybody", async () => {
    const { here } = await devices();
    assert.equal((await stalled("/logout", presenting(here), 1024 * 1024)).status, 413);
    assert.equal((await stalled("/auth/signout", {}, 1024 * 1024)).status, 401);
    assert.equal((await stalled("/auth/session/refresh", {}, 1024 * 1024)).status, 401);
    assert.ok(await isSignedIn(gate, here));
  });

  test("is given up in the end, and nothing has happened", async (t) => {
    const patient = await gateFor(t, { clock: true });
    const session = await login(patient, "alice");
    const answer = stalled("/logout", presenting(session), 1024, patient);
    assert.equal((await patient.letTimePass(10, answer)).status, 408);
    assert.ok(await isSignedIn(patient, session));
  });
});

test("a logout without a credential clears the cookies, whatever its body is", async () => {
  const response = await logout(gate, {}, { headers: { "content-type": "text/plain" }, body: "x".repeat(2 * LIMIT) });
  assert.equal(response.status, 200);
  assertCleared(response);
});
