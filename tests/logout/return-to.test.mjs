// `return_to` leads to the application or to an origin that the operator named, and nowhere else.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  assertCleared,
  failObject,
  gateFor,
  login,
  logout,
  NAVIGATION,
  presenting,
  STAND_IN,
} from "../support/index.mjs";

const FRIEND = "https://friend.example";
const gate = await gateFor({ after }, { vars: { LOGOUT_REDIRECT: "/bye", RETURN_TO_ORIGINS: [FRIEND] } });
const { host, port } = new URL(gate.url);

function leave(target, tokens = {}) {
  return logout(gate, tokens, { path: `/logout?return_to=${encodeURIComponent(target)}`, headers: NAVIGATION });
}

/** Where a browser goes that gets this response. */
function destination(response) {
  assert.equal(response.status, 303);
  return new URL(response.headers.get("location"), `${gate.url}/logout`).href;
}

describe("followed:", () => {
  const FOLLOWED = {
    "/": `${gate.url}/`,
    "/welcome": `${gate.url}/welcome`,
    "/a/b?c=d&e=%2f#f": `${gate.url}/a/b?c=d&e=%2f#f`,
    "/caf%C3%A9": `${gate.url}/caf%C3%A9`,
    "/?next=https://evil.example": `${gate.url}/?next=https://evil.example`,
    [`${gate.url}/here`]: `${gate.url}/here`,
    [gate.url]: `${gate.url}/`,
    [FRIEND]: `${FRIEND}/`,
    [`${FRIEND}/path?query`]: `${FRIEND}/path?query`,
  };
  for (const [target, expected] of Object.entries(FOLLOWED)) {
    test(target.replace(host, "<host>"), async () => {
      assert.equal(destination(await leave(target)), expected);
    });
  }

  test("the first of several", async () => {
    const response = await logout(gate, {}, { path: "/logout?return_to=/one&return_to=/two", headers: NAVIGATION });
    assert.equal(destination(response), `${gate.url}/one`);
  });

  test("the form's, when the query has none", async () => {
    const headers = { ...NAVIGATION, "content-type": "application/x-www-form-urlencoded" };
    const response = await logout(gate, await login(gate, "alice"), { headers, body: "return_to=%2Fform" });
    assert.equal(destination(response), `${gate.url}/form`);
  });
});

const EVIL = "evil.example";
const HOSTILE = [
  // Another origin, said plainly.
  `https://${EVIL}`,
  `http://${EVIL}/`,
  `HTTPS://${EVIL}`,
  `https://${EVIL}:443/x`,
  `ftp://${EVIL}/`,
  `ws://${EVIL}/`,
  `https://${EVIL}/${host}`,
  `https://${EVIL}?${host}`,
  `https://${EVIL}#${host}`,
  // Relative to the scheme, with slashes and backslashes as browsers take them.
  `//${EVIL}`,
  `///${EVIL}`,
  `////${EVIL}`,
  `/\\${EVIL}`,
  `\\\\${EVIL}`,
  `\\/${EVIL}`,
  `/\\/${EVIL}`,
  `//\\${EVIL}`,
  `/\\\\${EVIL}`,
  `\\${EVIL}`,
  `//${EVIL}/%2e%2e`,
  `https:\\\\${EVIL}`,
  `https:/\\${EVIL}`,
  // A scheme without the slashes that it needs.
  `https:${EVIL}`,
  `http:${EVIL}`,
  `https:/${EVIL}`,
  `http:/${EVIL}`,
  `http:///${EVIL}`,
  `https:////${EVIL}`,
  // Tabs and line ends, which browsers remove, and what they trim from the front.
  `/\t/${EVIL}`,
  `/\n/${EVIL}`,
  `/\r/${EVIL}`,
  `\t//${EVIL}`,
  `\n//${EVIL}`,
  ` //${EVIL}`,
  `ht\ntps://${EVIL}`,
  `\u0000//${EVIL}`,
  `\u0001//${EVIL}`,
  `https://${EVIL}\t`,
  `\ufeff//${EVIL}`,
  // The right host in the wrong place.
  `https://${host}@${EVIL}`,
  `http://${host}%40${EVIL}`,
  `http://localhost:${port}.${EVIL}`,
  `http://localhost.${EVIL}:${port}`,
  `http://user:password@${EVIL}`,
  `http://${EVIL}\\@${host}`,
  `http://${EVIL}%2f@${host}`,
  `http://x@${host}/`,
  `http://${EVIL}%5c.${host}`,
  // Almost this origin.
  `https://${host}/`,
  `http://localhost:${Number(port) + 1}/`,
  "http://localhost/",
  `http://127.0.0.1:${port}/`,
  `http://[::1]:${port}/`,
  `http://localhost.:${port}/`,
  `http://sub.localhost:${port}/`,
  // Almost the friend.
  "http://friend.example/",
  "https://friend.example:8443/",
  "https://friend.example.evil.example/",
  "https://notfriend.example/",
  "https://sub.friend.example/",
  "https://friend.example@evil.example/",
  "https://friend.example\\@evil.example/",
  "https://friend.example./",
  "https://friend.exampl\u0435/",
  "https://friend\u3002example.evil.example/",
  "https://friend.example%2eevil.example/",
  "https://friend.example%00.evil.example/",
  // No place to go.
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\tscript:alert(1)",
  "javascript://localhost/%0aalert(1)",
  "data:text/html,x",
  "vbscript:x",
  "blob:https://evil.example/x",
  "file:///etc/passwd",
  "about:blank",
  "view-source:https://evil.example",
  "mailto:a@b",
  // Header injection.
  "/\r\nSet-Cookie: a=b",
  "/\r\n\r\n<html>",
  "/%0d%0a\r\nx",
  "/\u0000x",
  // Not a path from the root.
  "",
  " ",
  "evil.example",
  "evil",
  "./evil",
  "../evil",
  "?x",
  "#x",
  "@evil.example",
  ":80",
  "%2f%2fevil.example",
];

describe("ignored, and never followed:", () => {
  for (const target of HOSTILE) {
    test(JSON.stringify(target).replaceAll(port, "<port>"), async () => {
      const response = await leave(target, await login(gate, "alice"));
      assert.equal(destination(response), `${gate.url}/bye`);
      assertCleared(response);
    });
  }

  test("percent signs are undone once, not twice", async () => {
    const response = await logout(gate, {}, { path: `/logout?return_to=%252f%252f${EVIL}`, headers: NAVIGATION });
    assert.equal(destination(response), `${gate.url}/bye`);
  });
});

describe("not repeated either, so that no page of this site shows another's address:", () => {
  const asking = (target) =>
    logout(
      gate,
      {},
      {
        method: "GET",
        path: `/logout?return_to=${encodeURIComponent(target)}`,
        headers: { ...NAVIGATION, "sec-fetch-site": "cross-site" },
      },
    );

  test("by the page that asks", async () => {
    for (const target of HOSTILE) {
      const response = await asking(target);
      const page = await response.text();
      assert.match(page, /method="post"/i, target);
      assert.doesNotMatch(page, /name="return_to"/, target);
      assert.doesNotMatch(page, /evil/, target);
    }
  });

  test("while a target that is allowed stays", async () => {
    for (const target of ["/welcome", `${FRIEND}/path?query`]) {
      assert.match(
        await (await asking(target)).text(),
        new RegExp(`name="return_to" value="${target.replace("?", "\\?")}"`),
      );
    }
  });

  test("by the page that tries again while the object fails", async (t) => {
    const broken = await gateFor(t, { objectFault: STAND_IN });
    const tokens = await login(broken, "alice");
    await failObject(broken, "throw");
    for (const [target, repeated] of /** @type {[string, boolean][]} */ ([
      [`https://${EVIL}/`, false],
      [`//${EVIL}`, false],
      ["/welcome", true],
    ])) {
      const path = `/logout?return_to=${encodeURIComponent(target)}`;
      const response = await logout(broken, tokens, {
        path,
        headers: { ...NAVIGATION, "sec-fetch-site": "same-origin" },
      });
      assert.equal(response.status, 503);
      assert.equal(response.headers.get("refresh").includes("return_to="), repeated, target);
      assert.doesNotMatch(await response.text(), /evil/);
    }
  });
});

test("a login redirect returns to the page that was asked for, and to no other host", async () => {
  for (const path of ["/feed?a=b&c=%2f", `//${EVIL}/x`, `/\\${EVIL}`]) {
    const response = await gate.fetch(path, { headers: { ...NAVIGATION, ...presenting({}) } });
    assert.equal(response.status, 303);
    const target = new URL(response.headers.get("location"), gate.url);
    assert.equal(target.origin, gate.url);
    assert.equal(target.pathname, "/login");
  }
});
