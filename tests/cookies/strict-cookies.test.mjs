// `COOKIE_SAMESITE = "Strict"`: a navigation from another site carries no cookie, though the browser holds them. A page
// of this site opens the address once more, and then the cookies come.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { gateFor, login, NAVIGATION, presenting } from "../support/index.mjs";

const RULES = [{ path: "/login", session: "optional" }];
const strict = await gateFor({ after }, { vars: { COOKIE_SAMESITE: "Strict", RULES } });
const lax = await gateFor({ after }, { vars: { RULES } });

const FROM_ELSEWHERE = { ...NAVIGATION, "sec-fetch-site": "cross-site" };
const refresh = (html) => /<meta http-equiv="refresh" content="0; url=([^"]*)">/.exec(html)?.[1];

test("a navigation from another site without cookies is made once more from here", async () => {
  for (const path of ["/echo", "/echo?a=1&b=2", "/auth/sessions"]) {
    const response = await strict.fetch(path, { headers: FROM_ELSEWHERE });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("gate-reason"), "strict");
    assert.equal(response.headers.get("cache-control"), "no-store");
    const html = await response.text();
    assert.equal(refresh(html).replaceAll("&#38;", "&"), path);
    assert.doesNotMatch(html, /<script/);
    // The browser follows from this site.
    const again = await strict.fetch(path, { headers: { ...NAVIGATION, "sec-fetch-site": "same-origin" } });
    assert.equal(again.status, 303, "and is asked to log in if it has no cookies");
    assert.equal(again.headers.get("gate-reason"), "no-session");
  }
});

test("the page leads to no other host, whatever the path looks like", async () => {
  for (const path of ["//evil.example/x", '/x"><script>alert(1)</script>', "/;url=//evil.example"]) {
    const response = await strict.fetch(path, { headers: FROM_ELSEWHERE });
    const html = await response.text();
    assert.equal(new URL(refresh(html).replaceAll("&#38;", "&"), strict.url).origin, strict.url, path);
    assert.doesNotMatch(html, /<script/);
  }
});

test("an older browser is known by its Referer, which the page's own request does not have", async () => {
  const older = (referer) => strict.fetch("/echo", { headers: { accept: "text/html", ...(referer && { referer }) } });
  assert.equal((await older("https://id.example/")).status, 200);
  assert.equal((await older(`${strict.url}/echo`)).status, 303);
  assert.equal((await older()).status, 303);
});

describe("nothing else gets that page", () => {
  const session = login(strict, "ann");
  for (const [what, gate, init, status] of /** @type {[string, { fetch: any }, () => any, number][]} */ ([
    [
      "a navigation with cookies",
      strict,
      async () => ({ headers: { ...FROM_ELSEWHERE, ...presenting(await session) } }),
      200,
    ],
    [
      "a navigation with cookies that prove nothing",
      strict,
      () => ({ headers: { ...FROM_ELSEWHERE, ...presenting({ access: "x" }) } }),
      303,
    ],
    ["one of this site", strict, () => ({ headers: { ...NAVIGATION, "sec-fetch-site": "same-origin" } }), 303],
    [
      "one of a sibling, whose requests carry strict cookies",
      strict,
      () => ({ headers: { ...NAVIGATION, "sec-fetch-site": "same-site" } }),
      303,
    ],
    ["the address bar", strict, () => ({ headers: NAVIGATION }), 303],
    ["a form of another site", strict, () => ({ method: "POST", headers: FROM_ELSEWHERE }), 303],
    ["a frame", strict, () => ({ headers: { ...FROM_ELSEWHERE, "sec-fetch-dest": "iframe" } }), 303],
    ["a script", strict, () => ({ headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" } }), 401],
    ["a gate whose cookies are lax", lax, () => ({ headers: FROM_ELSEWHERE }), 303],
  ])) {
    test(what, async () => {
      const response = await gate.fetch("/echo", await init());
      assert.equal(response.status, status);
      assert.notEqual(response.headers.get("gate-reason"), "strict");
    });
  }
});
