// The gate's cookies belong to the gate and the browser: the origin never sees one, and can
// neither set nor clear one. Every other cookie is none of the gate's business.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { answer, gateFor, login, visit } from "../support/index.mjs";

const RULES = ["/echo/none", "/answer/none"]
  .map((path) => ({ path, session: "none" }))
  .concat(["/echo/optional", "/answer/optional"].map((path) => ({ path, session: "optional" })));

const NAMES = ["__Host-sAccessToken", "__Host-sRefreshToken", "__Host-sLogoutPending"];

const gate = await gateFor({ after }, { clock: true, vars: { RULES } });
const alice = await login(gate, "alice");
const session = `__Host-sAccessToken=${alice.access}; __Host-sRefreshToken=${alice.refresh}`;

async function cookieSeen(at, cookie) {
  const response = await at.gate.fetch(at.path, { headers: { cookie } });
  return (await response.json()).headers.cookie;
}

for (const path of ["/echo/none", "/echo/optional", "/echo"]) {
  const at = { gate, path };

  test(`the origin sees no cookie of the gate at ${path}, and all others as they were`, async () => {
    assert.equal(await cookieSeen(at, `a=1; ${session}; b="x, y=z"; empty=; bare`), 'a=1; b="x, y=z"; empty=; bare');
    assert.equal(await cookieSeen(at, `${session}; a=1`), "a=1");
    assert.equal(await cookieSeen(at, `a=1; ${session}`), "a=1");
  });

  test(`where the gate's are the only cookies the origin at ${path} sees none`, async () => {
    assert.equal(await cookieSeen(at, session), undefined);
  });

  test(`the origin at ${path} does not see a marker of a log-out under way`, async () => {
    assert.equal(await cookieSeen(at, `${session}; a=1; __Host-sLogoutPending=forged`), "a=1");
  });
}

for (const path of ["/echo/none", "/echo/optional"]) {
  const at = { gate, path };

  test(`the origin at ${path} does not see cookies of the gate's names that the gate never made`, async () => {
    for (const name of NAMES) {
      assert.equal(await cookieSeen(at, `a=1; ${name}=forged; b=2`), "a=1; b=2");
      assert.equal(
        await cookieSeen(at, `a=1;${name}=forged;${name}=again;b=2`).then((seen) => seen.replaceAll("; ", ";")),
        "a=1;b=2",
      );
      assert.equal(await cookieSeen(at, `${name}; a=1`), "a=1");
    }
  });

  test(`cookies whose names only resemble the gate's reach ${path}`, async () => {
    const others = "x__Host-sAccessToken=1; __Host-sAccessToken2=2; value=__Host-sAccessToken";
    assert.equal(await cookieSeen(at, others), others);
  });
}

test("a value beyond ASCII survives when the gate's cookies are taken from beside it", async () => {
  const bytes = Buffer.from("name=Zo\u00eb").toString("latin1");
  assert.equal(await cookieSeen({ gate, path: "/echo" }, `${session}; ${bytes}`), "name=Zo\u00eb");
});

test("a request without the gate's cookies keeps its Cookie header byte for byte", async () => {
  const odd = 'a=1;b=2;  c = 3 ;; d; =e; f="\\"; g=caf%C3%A9';
  assert.equal(await cookieSeen({ gate, path: "/echo/none" }, odd), odd);
});

test("a client that sends its cookies in several headers shows none of the gate's to the origin either", async () => {
  for (const path of ["/echo/none", "/echo/optional"]) {
    // The runtime joins them with a comma.
    const headers = [["Cookie", "a=1"], ...session.split("; ").map((pair) => ["Cookie", pair])];
    const response = await gate.fetch(path, { headers });
    assert.doesNotMatch((await response.json()).headers.cookie, /__Host-s/);
  }
});

// What a sibling sub-domain can set for this host, or an application that repeats input in a cookie's value.
const PLANTED = [
  (name, token) => `\u2000${name}=${token}`,
  (name, token) => `\u00a0${name}=${token}`,
  (name, token) => `\u0085${name}=${token}`,
  (name, token) => `\u3000${name}=${token}`,
  (name, token) => `${name}\u2000=${token}`,
  (name, token) => `x=1, ${name}=${token}`,
  (name, token) => `x=1,${name}=${token}`,
  (name, token) => `x=1 ${name}=${token}`,
  (name, token) => `x="1"${name}=${token}`,
  (name, token) => `=${name}=${token}`,
  (name, token) => `${name.toLowerCase()}=${token}`,
  (name, token) => `${name.toUpperCase()}=${token}`,
  (name, token) => `%5F%5F${name.slice(2)}=${token}`,
  (name, token) => `_[${name.slice(2)}=${token}`,
  (name, token) => `_ ${name.slice(2)}=${token}`,
  (name, token) => `${name.replace("-", ".")}=${token}`,
  (name, token) => `${name}%5Bx]=${token}`,
  (name, token) => `+${name}=${token}`,
];
const onTheWire = (cookie) => Buffer.from(cookie).toString("latin1");

test("what somebody planted beside a session's cookies makes nobody somebody else", async () => {
  const mallory = await login(gate, "mallory");
  for (const plant of PLANTED) {
    const planted = onTheWire(`${plant(NAMES[0], mallory.access)}; ${plant(NAMES[1], mallory.refresh)}`);
    const stranger = await gate.fetch("/echo", { headers: { cookie: planted } });
    assert.equal(stranger.status, 401, `${planted} is no session`);
    for (const cookie of [`${planted}; ${session}`, `${session}; ${planted}`]) {
      const response = await gate.fetch("/echo", { headers: { cookie } });
      assert.equal(response.status, 200, planted);
      const { headers } = await response.json();
      assert.equal(headers["gate-user"], "alice", planted);
      assert.doesNotMatch(headers.cookie ?? "", /Host-s/i, `of ${planted} the origin sees nothing`);
    }
  }
});

test("what somebody planted takes none of the application's cookies with it", async () => {
  for (const plant of PLANTED) {
    const planted = onTheWire(plant(NAMES[0], "token"));
    const seen = await cookieSeen({ gate, path: "/echo/none" }, `theme=dark; ${planted}; lang=en`);
    const pairs = seen.split(";").map((pair) => pair.trim());
    assert.deepEqual([pairs.at(0), pairs.at(-1)], ["theme=dark", "lang=en"], planted);
  }
});

test("what somebody planted is in the way of no login", async () => {
  const mallory = await login(gate, "mallory");
  const planted = `x=1, ${NAMES[0]}=${mallory.access}, ${NAMES[1]}=${mallory.refresh}`;
  const response = await gate.fetch("/login?user=bob", { method: "POST", headers: { cookie: planted } });
  assert.equal(response.status, 200);
  const cookie = response.headers
    .getSetCookie()
    .slice(0, 2)
    .map((line) => line.split(";")[0]);
  const seen = await gate.fetch("/echo", { headers: { cookie: [planted, ...cookie].join("; ") } });
  assert.equal((await seen.json()).headers["gate-user"], "bob");
  assert.equal((await visit(gate, mallory)).status, 200, "and ends nobody's session");
});

test("with COOKIE_DOMAIN the names are others, and hidden as well", async (t) => {
  const shared = await gateFor(t, { clock: true, vars: { RULES, COOKIE_DOMAIN: "example.com" } });
  const cookie = "a=1; __Secure-sAccessToken=x; __Secure-sRefreshToken=y; __Secure-sLogoutPending=z; b=2";
  assert.equal(await cookieSeen({ gate: shared, path: "/echo/none" }, cookie), "a=1; b=2");
});

for (const at of ["/answer/none", "/answer/optional", "/answer"]) {
  test(`the origin sets no cookie of the gate at ${at}`, async () => {
    const forged = NAMES.flatMap((name) => [
      `${name}=evil; Path=/; Secure`,
      `${name}=; Path=/; Secure; Max-Age=0`,
      `${name} =evil; Path=/; Secure`,
      `${name}\t=evil; Path=/; Secure`,
      `${name}; Path=/; Secure`,
      `${name}=evil; Path=/; Secure; Domain=localhost`,
      `=${name}=evil; Path=/; Secure`,
      `a=1, ${name}=evil; Path=/; Secure`,
      `a=1; Path=/; Expires=Wed, 09 Jun 2027 10:18:14 GMT,${name}=evil; Path=/; Secure`,
    ]);
    const own = [
      "theme=dark; Path=/",
      "x__Host-sAccessToken=1",
      "__Host-other=2; Path=/; Secure",
      'pref="__Host-sAccessToken"; Path=/',
      "last=__Host-sAccessToken=1",
    ];
    const headers = [own[0], ...forged, ...own.slice(1)].map((line) => `Set-Cookie: ${line}`);
    const response = await gate.fetch(answer({ at, headers }), { headers: { cookie: session } });
    assert.deepEqual(response.headers.getSetCookie(), own);
  });
}

test("an origin that signs someone in cannot slip a token of its own beside the gate's", async () => {
  const headers = ["Set-Cookie: __Host-sAccessToken=evil; Path=/; Secure", 'Gate-Create-Session: {"userId":"bob"}'];
  const response = await gate.fetch(answer({ at: "/answer/optional", headers }));
  const lines = response.headers.getSetCookie().filter((line) => line.startsWith("__Host-sAccessToken="));
  assert.equal(lines.length, 1);
  assert.doesNotMatch(lines[0], /evil/);
});
