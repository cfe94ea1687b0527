// What the pages say, to whom, and where they lead: no page is a dead end.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { gateFor, login, NAVIGATION, presenting } from "../support/index.mjs";

const RULES = [
  { path: "/login", session: "optional" },
  { path: "/*", session: "required" },
];

// Without LOGIN_URL, so that who has no session gets a page.
const gate = await gateFor({ after }, { vars: { RULES, LOGIN_URL: undefined } });
const here = { ...NAVIGATION, "sec-fetch-site": "same-origin" };

const open = (at, headers = {}, options = {}) => gate.fetch(at, { ...options, headers: { ...here, ...headers } });

/** The links and buttons of a page. */
const waysOn = (html) => [...html.matchAll(/<a [^>]*href="([^"]*)"|<button/g)].map(([way, href]) => href ?? way);

describe("language", () => {
  const languageOf = async (accepted) => {
    const html = await (await open("/auth/nowhere", { "accept-language": accepted })).text();
    return /<html lang="(\w+)"/.exec(html)[1];
  };

  test("is the one with the highest weight that the gate knows", async () => {
    assert.equal(await languageOf("sv, de;q=0.5, fr;q=0.7"), "fr");
    assert.equal(await languageOf("sv"), "en");
    assert.equal(await languageOf(""), "en");
  });

  test("is PAGE_LANGUAGE where that is set, whatever a browser accepts", async (t) => {
    const fixed = await gateFor(t, { vars: { PAGE_LANGUAGE: "pl" } });
    const response = await fixed.fetch("/auth/nowhere", { headers: { ...here, "accept-language": "de" } });
    assert.match(await response.text(), /<html lang="pl"/);
  });

  test("is one for people alone: programs read the same words always", async () => {
    const tokens = await login(gate, "nora");
    const response = await gate.fetch("/auth/sessions", {
      headers: {
        ...presenting(tokens),
        "accept-language": "ja",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
      },
    });
    const { sessions } = await response.json();
    assert.match(sessions[0].device, /^(Firefox on Linux|Unknown device)$/);
  });
});

describe("every refusal is a page with a way on", () => {
  /** @type {Record<string, [string, { method?: string, headers?: Record<string, string> }]>} */
  const refusals = {
    401: ["/x", {}],
    403: ["/auth/sessions/revoke", { method: "POST", headers: { "sec-fetch-site": "cross-site" } }],
    404: ["/auth/nowhere", {}],
    405: ["/auth/sessions/revoke", {}],
  };
  for (const [status, [at, { headers, ...options }]] of Object.entries(refusals)) {
    test(status, async () => {
      const shown = status === "401" ? {} : presenting(await login(gate, "olga"));
      const answer = await open(at, { ...shown, ...headers }, options);
      assert.equal(answer.status, Number(status));
      assert.match(answer.headers.get("content-type"), /^text\/html/);
      assert.ok(waysOn(await answer.text()).length > 0);
    });
  }

  test("405 still names the methods", async () => {
    assert.equal((await open("/auth/sessions/revoke")).headers.get("allow"), "POST");
  });
});

describe("the list of devices", () => {
  test("has twenty on a page, this device first, and leads to the others", async () => {
    const first = await login(gate, "paula");
    for (let n = 0; n < 24; n++) await login(gate, "paula");
    const pageOf = async (query) => (await open(`/auth/sessions${query}`, presenting(first))).text();
    const handles = (html) => [...html.matchAll(/name="handle" value="([^"]+)"/g)].map(([, handle]) => handle);
    const [one, two] = [await pageOf(""), await pageOf("?page=2")];
    assert.equal(handles(one)[0], first.handle);
    assert.deepEqual([handles(one).length, handles(two).length], [20, 5]);
    assert.equal(new Set([...handles(one), ...handles(two)]).size, 25);
    assert.ok(one.includes('href="?page=2"') && !one.includes('rel="prev"'));
    assert.ok(two.includes('href="?page=1"') && !two.includes('rel="next"'));
    assert.deepEqual(handles(await pageOf("?page=99")), handles(two));
    assert.deepEqual(handles(await pageOf("?page=x")), handles(one));
  });

  test("says when each session began, in the reader's language", async () => {
    const tokens = await login(gate, "quentin");
    const shown = { ...presenting(tokens), "accept-language": "de" };
    const html = await (await open("/auth/sessions", shown)).text();
    // In whichever time zone the platform says that the test is.
    assert.match(html, /Angemeldet \d\d\.\d\d\.\d{4}, \d\d:\d\d · /);
    assert.match(html, /zuletzt benutzt (jetzt|vor \d+)/);
  });

  test("names each device as people know it", async () => {
    const devices = {
      "Chrome on Windows":
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
      "Edge on Windows":
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
      "Safari on macOS":
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
      "Safari on iOS":
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
      "Chrome on iOS":
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1",
      "Firefox on Android": "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
      "Samsung Internet on Android":
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
      "Opera on Linux":
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 OPR/125.0.0.0",
      "Chrome on Chrome OS":
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
      curl: "curl/8.5.0",
      "Unknown device": "something else",
    };
    let tokens = {};
    for (const userAgent of Object.values(devices)) {
      tokens = await login(gate, "sven", {}, { "user-agent": userAgent });
    }
    const { sessions } = await (await gate.fetch("/auth/sessions", { headers: presenting(tokens) })).json();
    assert.deepEqual(sessions.map(({ device }) => device).sort(), Object.keys(devices).sort());
  });

  test("asks before everything is ended, and ends nothing by asking", async () => {
    const tokens = await login(gate, "rosa");
    const html = await (await open("/auth/sessions?confirm=all", presenting(tokens))).text();
    assert.match(
      html,
      /<form method="post" action="\/auth\/sessions\/revoke">\s*<input type="hidden" name="scope" value="all">/,
    );
    assert.equal((await gate.fetch("/auth/session", { headers: presenting(tokens) })).status, 200);
  });
});

test("what a page shows of the application is never behind the login", async (t) => {
  const vars = { RULES, PAGE_LOGO: "/brand/logo.svg?v=2", PAGE_STYLESHEET: "/brand/style.css" };
  const styled = await gateFor(t, { vars });
  for (const path of ["/brand/logo.svg", "/brand/style.css"]) {
    assert.equal((await styled.fetch(path)).status, 200, path);
  }
  assert.equal((await styled.fetch("/brand/other.svg")).status, 401);
  const page = await styled.fetch("/auth/nowhere", { headers: here });
  assert.match(page.headers.get("content-security-policy"), /; img-src 'self';/);
  assert.match(await page.text(), /<img src="\/brand\/logo\.svg\?v=2" alt="">/);
});
