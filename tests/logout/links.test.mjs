// GET /logout is safe to have as a link: who looks at a page that carries it stays signed in,
// who follows it is signed out, and who comes from elsewhere is asked first.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { assertCleared, gateFor, isSignedIn, login, logout, NAVIGATION } from "../support/index.mjs";

const gate = await gateFor({ after });
const { origin, port } = new URL(gate.url);

const from = (site, mode = "navigate", dest = "document") => ({
  "sec-fetch-site": site,
  "sec-fetch-mode": mode,
  "sec-fetch-dest": dest,
  accept: "text/html",
});
const LINK = from("same-origin");

async function follow(headers, path = "/logout") {
  const session = await login(gate, "alice");
  const response = await logout(gate, session, { method: "GET", path, headers });
  return { response, lives: await isSignedIn(gate, session), session };
}

describe("logs out:", () => {
  const asked = {
    "a link of the same origin": LINK,
    "a typed address": NAVIGATION,
    "an old browser, which says nothing of where it comes from": { accept: "text/html" },
    "an old browser coming from the same origin": { accept: "text/html", referer: `${origin}/page` },
    "a client that is no browser": {},
  };
  for (const [who, headers] of Object.entries(asked)) {
    test(who, async () => {
      const { response, lives } = await follow(headers);
      assertCleared(response);
      assert.equal(lives, false);
    });
  }
});

describe("does nothing and answers 503 to speculation:", () => {
  const speculations = {
    "Sec-Purpose: prefetch": { "sec-purpose": "prefetch" },
    "Sec-Purpose: prefetch;prerender": { "sec-purpose": "prefetch;prerender" },
    "Sec-Purpose of any other kind": { "sec-purpose": "something-new" },
    "Purpose: prefetch": { purpose: "prefetch" },
    "X-Moz: prefetch": { "x-moz": "prefetch" },
    "Next-Router-Prefetch": { "next-router-prefetch": "1" },
  };
  for (const [what, header] of Object.entries(speculations)) {
    for (const [where, headers] of /** @type {[string, Record<string, string>][]} */ ([
      ["a link", LINK],
      ["a typed address", NAVIGATION],
      ["no Sec-Fetch headers", {}],
    ])) {
      test(`${what} with ${where}`, async () => {
        const { response, lives } = await follow({ ...headers, ...header });
        assert.equal(response.status, 503);
        assert.deepEqual(response.headers.getSetCookie(), []);
        assert.ok(lives);
      });
    }
  }
});

describe("asks first, with a form that posts:", () => {
  const elsewhere = {
    "a link of another site": from("cross-site"),
    "a link of another host of this site": from("same-site"),
    "an old browser with another origin's Referer": { accept: "text/html", referer: "https://other.example/page" },
    "an old browser with another port's Referer": {
      accept: "text/html",
      referer: `http://localhost:${Number(port) + 1}/`,
    },
    "an old browser with another Origin": { accept: "text/html", origin: "https://other.example" },
    "an old browser with Origin null": { accept: "text/html", origin: "null" },
  };
  for (const [who, headers] of Object.entries(elsewhere)) {
    test(who, async () => {
      const { response, lives } = await follow(headers);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type"), /^text\/html/);
      assert.match(await response.text(), /<form[^>]*method="?post/i);
      assert.deepEqual(response.headers.getSetCookie(), []);
      assert.ok(lives);
    });
  }

  test("the form asks for the scope and the return_to that the link had", async () => {
    const { response } = await follow(from("cross-site"), "/logout?scope=all&return_to=%2Fbye");
    const form = await response.text();
    assert.match(form, /all/);
    assert.match(form, /\/bye|%2Fbye/i);
  });

  test("what the link had is text in the page, not markup", async () => {
    const { response } = await follow(
      from("cross-site"),
      `/logout?return_to=${encodeURIComponent('/"><script>alert(1)</script>')}`,
    );
    assert.doesNotMatch(await response.text(), /<script>alert/);
  });
});

describe("is refused with 403 and does nothing:", () => {
  const embedded = [
    from("same-origin", "no-cors", "image"),
    from("cross-site", "no-cors", "image"),
    from("same-origin", "no-cors", "script"),
    from("same-origin", "no-cors", "style"),
    from("same-origin", "no-cors", "empty"),
    from("same-origin", "navigate", "iframe"),
    from("cross-site", "navigate", "iframe"),
    from("same-origin", "navigate", "frame"),
    from("same-origin", "navigate", "object"),
    from("same-origin", "navigate", "embed"),
    from("cross-site", "cors", "empty"),
    from("same-site", "cors", "empty"),
    from("cross-site", "no-cors", "empty"),
    from("same-origin", "no-cors", "video"),
    from("none", "navigate", "iframe"),
    from("same-origin", "websocket", "websocket"),
    from("same-origin", "cors", "empty"),
    from("cross-site", "navigate", "frame"),
  ];
  for (const headers of embedded) {
    test(`${headers["sec-fetch-site"]} ${headers["sec-fetch-mode"]} ${headers["sec-fetch-dest"]}`, async () => {
      const { response, lives } = await follow(headers);
      assert.equal(response.status, 403);
      assert.deepEqual(response.headers.getSetCookie(), []);
      assert.ok(lives);
    });
  }
});

describe("a POST from elsewhere is refused with 403, and nothing is cleared:", () => {
  const forged = {
    "another site's form": from("cross-site"),
    "another host's form of this site": from("same-site"),
    "another site's script": from("cross-site", "no-cors", "empty"),
    "an old browser with another Origin": { origin: "https://other.example" },
    "a sandboxed page": { origin: "null" },
  };
  for (const [who, headers] of Object.entries(forged)) {
    test(who, async () => {
      const session = await login(gate, "alice");
      const response = await logout(gate, session, { headers });
      assert.equal(response.status, 403);
      assert.deepEqual(response.headers.getSetCookie(), []);
      assert.ok(await isSignedIn(gate, session));
    });
  }
});
