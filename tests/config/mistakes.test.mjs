// The table of mistakes, row by row: what is answered, what the log says, and that nobody is let in or led in a circle.

import assert from "node:assert/strict";
import { test } from "node:test";
import { API_KEYS, gateFor, NAVIGATION, send, textOf } from "../support/index.mjs";

/** Neither ORIGIN nor ORIGIN_URL. */
const ALONE = `export { default } from "./index.js";`;

/** A name that is no loopback, for what depends on it. */
const HOST = "app.example.org";

const rows = [...(await textOf("docs/mistakes.md")).matchAll(/^\| `(\{.*?\})` \| (\d{3}) \| (?:`(.*?)`|–) \|/gm)];

test("the table is read", () => assert.ok(rows.length >= 40, `${rows.length} rows`));

for (const [, settings, status, said] of rows) {
  test(`${settings} is ${status}`, async (t) => {
    const gate = await gateFor(t, { sameWorker: ALONE });
    const vars = JSON.parse(settings.replaceAll("<own>", gate.url), (_, value) => value ?? undefined);
    const isKeyless = settings.includes('"API_KEYS":null');
    const onlyOpen = status === "508" || status === "502" ? { RULES: [{ path: "/*", session: "none" }] } : {};
    await gate.restart({ ...onlyOpen, ...vars, API_KEYS: isKeyless ? undefined : API_KEYS });
    const at = (path) =>
      settings.includes("COOKIE_DOMAIN")
        ? send(
            { protocol: "http:", host: HOST, address: "127.0.0.1", port: new URL(gate.url).port, path },
            { headers: NAVIGATION },
          )
        : gate.fetch(path, { headers: NAVIGATION });
    const page = await at("/private");
    assert.equal(page.status, Number(status));
    assert.ok(page.headers.get("gate-reason"), "the gate answers, and nobody else");
    if (said === undefined) return;
    assert.match(page.headers.get("content-type"), /^text\/html/);
    const says = (line) => (typeof line === "string" ? line : JSON.stringify(line)).includes(said);
    assert.ok(await gate.logged(says), gate.logs.map(String).join("\n"));
    assert.ok(!gate.logs.some((line) => /panic|unreachable|exceeded/i.test(JSON.stringify(line))));
    if (status !== "500" || settings.includes("COOKIE_DOMAIN")) return;
    const health = await gate.fetch("/auth/health");
    assert.deepEqual([health.status, await health.json()], [500, { status: "misconfigured" }]);
    assert.equal((await gate.fetch("/auth/core/hello")).status, 500);
  });
}
