// What users, applications and links say never becomes a header, a cookie or markup of its own.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  answer,
  eachOf,
  failObject,
  gateFor,
  keepAlive,
  login,
  NAVIGATION,
  presenting,
  STAND_IN,
} from "../support/index.mjs";

const INJECTED = "Injected: yes\r\nSet-Cookie: injected=1";
const BREAKS = {
  "a line end": "\r\n",
  "a line feed": "\n",
  "a carriage return": "\r",
  "two line ends": "\r\n\r\n<h1>injected</h1>\r\n",
  "a NUL": "\0\r\n",
  "a vertical tab": "\v\f",
  "the next line of Latin-1": "\u0085",
  "a line separator": "\u2028\u2029",
  // Their low bytes are CR and LF.
  "letters that end in CR and LF": "\u560d\u560a",
  "CR and LF, escaped": "%0d%0a",
  "CR and LF, escaped twice": "%250d%250a",
  "a folded line": "\r\n ",
};
const RULES = [
  { path: "/answer", session: "optional" },
  { path: "/control", session: "optional" },
];

const gate = await gateFor({ after }, { vars: { RULES, CORS_ORIGINS: ["https://app.example"] } });
const client = keepAlive(gate);
after(() => client.close());
const alice = await login(gate, "alice");
// A form is read of somebody who has a session to end, or had one.
const leaver = presenting(await login(gate, "leaver"));
const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** No header and no cookie came of it, and what came has no control character. */
function assertWhole({ headers, cookies }, what) {
  assert.equal(headers.injected, undefined, what);
  assert.ok(!cookies.some((line) => /^\s*injected/i.test(line)), what);
  for (const [name, value] of Object.entries(headers))
    assert.doesNotMatch(String(value), /[\0-\x08\x0a-\x1f\x7f]/, `${what}: ${name}`);
}

const breaks = Object.entries(BREAKS).map(([what, end]) => [what, `x${end}${INJECTED}`]);

describe("said by a link or a form:", () => {
  const places = {
    return_to: (text) => ["GET", `/logout?return_to=/${encodeURIComponent(text)}`, NAVIGATION],
    "return_to of a form": (text) => [
      "POST",
      "/logout",
      { ...NAVIGATION, "sec-fetch-site": "same-origin", ...FORM, ...leaver },
      `return_to=/${encodeURIComponent(text)}`,
    ],
    "return_to of the page that asks": (text) => [
      "GET",
      `/logout?return_to=/${encodeURIComponent(text)}`,
      { ...NAVIGATION, "sec-fetch-site": "cross-site" },
    ],
    "the scope": (text) => ["POST", `/logout?scope=${encodeURIComponent(text)}`, {}],
    "a path that needs a session": (text) => [
      "GET",
      `/${encodeURIComponent(text)}?${encodeURIComponent(text)}`,
      NAVIGATION,
    ],
    "a path of the gate": (text) => ["GET", `/auth/${encodeURIComponent(text)}`, NAVIGATION],
    "a path of the core": (text) => ["GET", `/auth/core/appid-${encodeURIComponent(text)}/hello`, {}],
    "a tenant of the core": (text) => ["GET", `/auth/core/${encodeURIComponent(text)}/hello`, {}],
    "a handle": (text) => [
      "POST",
      "/auth/sessions/revoke",
      { ...presenting(alice), ...FORM },
      `handle=${encodeURIComponent(text)}`,
    ],
  };
  for (const [place, request] of Object.entries(places)) {
    test(place, () =>
      eachOf(breaks, async ([what, text]) => {
        const response = await client.ask(...request(text));
        assert.ok(response.status < 500, `${place}, ${what}: ${response.status}`);
        assertWhole(response, `${place}, ${what}`);
      }),
    );
  }
});

test("said by a link while the object fails: the address that is tried again", async (t) => {
  const broken = await gateFor(t, { objectFault: STAND_IN });
  const session = presenting(await login(broken, "alice"));
  await failObject(broken, "throw");
  const brokenClient = keepAlive(broken);
  t.after(() => brokenClient.close());
  await eachOf(breaks, async ([what, text]) => {
    const response = await brokenClient.ask("GET", `/logout?return_to=/${encodeURIComponent(text)}`, {
      ...NAVIGATION,
      ...session,
    });
    assert.equal(response.status, 503);
    // A target that is not allowed is not repeated.
    assert.match(response.headers.refresh, /^5; url=\/logout\?scope=current(&return_to=[\w%./~-]+)?$/, what);
    assertWhole(response, what);
  });
});

describe("said by the application:", () => {
  const ascii = (value) =>
    JSON.stringify(value).replace(/[^\x20-\x7e]/g, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const places = {
    "a user's id": (text) => ["GET", `/control?${new URLSearchParams({ create: ascii({ userId: text }) })}`],
    "a user's id, seen by the origin": async (text) => {
      const response = await client.ask("GET", `/control?${new URLSearchParams({ create: ascii({ userId: text }) })}`);
      const cookie = response.cookies.map((line) => line.split(";")[0]).join("; ");
      return ["GET", "/echo", { cookie }];
    },
    "a claim": (text) => [
      "GET",
      `/control?${new URLSearchParams({ create: ascii({ userId: "u", payload: { [text]: text } }) })}`,
    ],
    "a tenant": (text) => [
      "GET",
      `/control?${new URLSearchParams({ create: ascii({ userId: "u", tenantId: text }) })}`,
    ],
    "an unknown field": (text) => [
      "GET",
      `/control?${new URLSearchParams({ create: ascii({ userId: "u", [text]: 1 }) })}`,
    ],
    "a protected claim": (text) => [
      "GET",
      `/control?${new URLSearchParams({ payload: ascii({ [`sub${text}`]: 1, sub: text }) })}`,
    ],
  };
  for (const [place, request] of Object.entries(places)) {
    test(place, () =>
      eachOf(breaks, async ([what, text]) => {
        const response = await client.ask(...(await request(text)));
        assert.ok([200, 502].includes(response.status), `${place}, ${what}: ${response.status}`);
        assertWhole(response, `${place}, ${what}`);
        if (place.endsWith("origin"))
          assert.match(JSON.parse(response.text).headers["gate-user"], /^[\x21-\x7e]+$/, what);
      }),
    );
  }

  test("a location is the application's own, byte for byte", async () => {
    const response = await client.ask(
      "GET",
      answer({ status: 302, headers: ["Location: /x?a=%0d%0aInjected:%20yes"] }),
    );
    assert.equal(response.headers.location, "/x?a=%0d%0aInjected:%20yes");
    assertWhole(response, "location");
  });
});

describe("said by a browser of itself:", () => {
  const MARKUP = [
    `<script>alert(1)</script>`,
    `"><img src=x onerror=alert(1)>`,
    `' onmouseover='alert(1)`,
    `{{7*7}}`,
    `</title><script>`,
  ];
  test("user agent and user id are text on the page of devices", async () => {
    for (const markup of MARKUP) {
      const session = await login(gate, markup, {}, { "user-agent": markup });
      const { text } = await client.ask("GET", "/auth/sessions", { ...presenting(session), ...NAVIGATION });
      assert.doesNotMatch(text, /<script|<img|onmouseover='/i, markup);
      assert.ok(text.includes("Signed in as") && !text.includes("Signed in as 49"), markup);
    }
  });

  test("an origin that may not read the answer is not repeated in it", async () => {
    for (const origin of ["https://evil.example", "null", "https://app.example.evil.example", "*"]) {
      const { headers } = await client.ask("GET", "/auth/session", { origin });
      assert.equal(headers["access-control-allow-origin"], undefined, origin);
    }
  });
});
