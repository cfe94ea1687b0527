// No way of saying where to go leads to another site, on whatever page the wish is shown to the gate.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import {
  eachOf,
  failObject,
  gateFor,
  hostileTargets,
  keepAlive,
  login,
  NAVIGATION,
  presenting,
  STAND_IN,
} from "../support/index.mjs";

const FRIEND = "https://friend.example";
const vars = { RETURN_TO_ORIGINS: [FRIEND], LOGOUT_REDIRECT: "/bye" };
const FORM = { ...NAVIGATION, "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded" };
const FROM_ELSEWHERE = { ...NAVIGATION, "sec-fetch-site": "cross-site" };

const gate = await gateFor({ after }, { vars });
const client = keepAlive(gate);
const broken = await gateFor({ after }, { vars, objectFault: STAND_IN });
const patient = presenting(await login(broken, "alice"));
await failObject(broken, "throw");
const brokenClient = keepAlive(broken);
after(() => {
  for (const each of [client, brokenClient]) each.close();
});

const targets = hostileTargets(gate.url, FRIEND);
const escaped = (text) => encodeURIComponent(text);

/** A redirect that keeps the browser on the gate's own origin, and whose header no reader can take apart. */
function assertStaysHere({ status, headers }, what) {
  assert.equal(status, 303, what);
  const { location } = headers;
  assert.match(location, /^[\x21-\x7e]+$/, what);
  assert.doesNotMatch(location, /^([/\\]{2}|[^/])/, `${what}: ${location}`);
  assert.equal(new URL(location, `${gate.url}/logout`).origin, gate.url, `${what}: ${location}`);
}

/** Every address that a page of the gate leads to, as a browser resolves it. */
function addressesIn({ text, headers }, base) {
  const attributes = [...text.matchAll(/\b(?:href|src|action|formaction)="([^"]*)"/g)].map(([, value]) =>
    unescaped(value),
  );
  const refresh = headers.refresh === undefined ? [] : [/^\d+; url=(.*)$/.exec(headers.refresh)[1]];
  return [...attributes, ...refresh].map((value) => new URL(value, base));
}

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#34": '"', "#38": "&", "#39": "'", "#60": "<", "#62": ">" };
const unescaped = (text) => text.replace(/&([^;]+);/g, (_, name) => ENTITIES[name]);

test("there are enough of them", () => {
  assert.ok(targets.length >= 150, String(targets.length));
});

test("what is allowed is followed, so that all the rest is refused for what it is", async () => {
  for (const target of [`${FRIEND}/x`, "/x"]) {
    const { headers } = await client.ask("GET", `/logout?return_to=${escaped(target)}`, NAVIGATION);
    assert.equal(headers.location, target);
  }
});

describe("no wish leads away", () => {
  const wishes = {
    "on a link": (target) => ["GET", `/logout?return_to=${escaped(target)}`, NAVIGATION],
    "on a link to every device": (target) => ["GET", `/logout/all?return_to=${escaped(target)}`, NAVIGATION],
    "in a form": (target) => ["POST", "/logout", FORM, `scope=current&return_to=${escaped(target)}`],
    "in a form's address": (target) => ["POST", `/logout?return_to=${escaped(target)}`, FORM, "return_to=%2Fx"],
    "before a good one": (target) => ["GET", `/logout?return_to=${escaped(target)}&return_to=%2Fx`, NAVIGATION],
  };
  for (const [where, request] of Object.entries(wishes)) {
    test(where, () =>
      eachOf(targets, async (target) => assertStaysHere(await client.ask(...request(target)), JSON.stringify(target))),
    );
  }

  test("through the page that asks: neither its addresses nor its form", () =>
    eachOf(targets, async (target) => {
      const asks = await client.ask("GET", `/logout?return_to=${escaped(target)}`, FROM_ELSEWHERE);
      assert.equal(asks.status, 200);
      for (const { origin } of addressesIn(asks, `${gate.url}/logout`)) assert.equal(origin, gate.url, target);
      const fields = [...asks.text.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [
        name,
        unescaped(value),
      ]);
      const form = new URLSearchParams(fields);
      assertStaysHere(await client.ask("POST", "/logout", FORM, String(form)), JSON.stringify(target));
    }));

  test("through the page of a log-out that has to wait: it asks this gate again, which does not follow either", () =>
    eachOf(targets, async (target) => {
      const path = `/logout?return_to=${escaped(target)}`;
      const waits = await brokenClient.ask("GET", path, { ...NAVIGATION, ...patient });
      assert.equal(waits.status, 503, target);
      const addresses = addressesIn(waits, `${broken.url}/logout`);
      assert.ok(addresses.length >= 2, "it goes on by itself, and by a link");
      for (const { origin } of addresses) assert.equal(origin, broken.url, target);
      for (const { pathname, search } of addresses.filter(({ search }) => search.includes("return_to"))) {
        assertStaysHere(await client.ask("GET", pathname + search, NAVIGATION), JSON.stringify(target));
      }
    }));

  test("through the way back from the login page", async () => {
    const paths = targets.flatMap((target) => {
      const path = encodeURI(target.toWellFormed?.() ?? target).replaceAll("%25", "%");
      return [`/${path}`, path.startsWith("/") ? path : `//${path}`, `/feed?return_to=${escaped(target)}`];
    });
    await eachOf(new Set(paths), async (path) => {
      const { status, headers } = await client.ask("GET", path, NAVIGATION);
      // Some of these are addresses of the gate itself once they are normal.
      if (status !== 303) return;
      const login = new URL(headers.location, gate.url);
      assert.deepEqual([login.origin, login.pathname], [gate.url, "/login"], path);
      const back = login.searchParams.get("return_to");
      assert.match(back, /^\/(?![/\\])[\x21-\x7e]*$/, path);
      assert.equal(new URL(back, gate.url).origin, gate.url, path);
    });
  });
});

test("a header or a parameter that is not the gate's moves nothing either", async () => {
  const names = [
    "x-forwarded-host",
    "x-host",
    "x-original-url",
    "x-rewrite-url",
    "forwarded",
    "x-forwarded-proto",
    "x-forwarded-prefix",
    "referer",
    "true-client-ip",
  ];
  for (const name of names) {
    const response = await client.ask("GET", "/logout", { ...NAVIGATION, [name]: `https://evil.example` });
    assertStaysHere(response, name);
  }
  for (const name of [
    "next",
    "redirect",
    "redirect_uri",
    "url",
    "continue",
    "Return_To",
    "return_to[]",
    "return_to%00",
  ]) {
    assertStaysHere(await client.ask("GET", `/logout?${name}=https://evil.example`, NAVIGATION), name);
  }
});
