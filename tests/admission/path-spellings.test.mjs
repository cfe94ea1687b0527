// No spelling of a path leads around a rule, whatever the application makes of it: the strictest rule
// of all usual readings decides. The applications here are real ones, and read paths their own way.
// tests/path_readings.rs compares the decision with an oracle, over any paths and rules.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { gateFor, NAMES, send, startReader } from "../support/index.mjs";

const SECRET_FIRST = [
  { path: "/admin/*", session: "required" },
  { path: "/*", session: "optional" },
];
const OPEN_FIRST = [{ path: "/pub/*", session: "none" }];

/** Ways to disguise a path, each at one place. */
const DISGUISES = [
  (path) => path.replace("a", "%61"),
  (path) => path.replace("d", "%64").replace("%6", "%256"),
  (path) => path.replace("/s", "/%73"),
  (path) => path.replace("/admin/", "/ADMIN/"),
  (path) => path.replace("/admin", "/Admin"),
  (path) => `/${path}`,
  (path) => path.replace("/s", "//s"),
  (path) => path.replace("/s", ";a=b/s"),
  (path) => path.replace("/s", ";/s"),
  (path) => path.replace("/s", "%3Ba=b/s"),
  (path) => `/x/..;${path}`,
  (path) => `/x/..;a=b${path}`,
  (path) => `/x/%2e%2e;${path}`,
  (path) => `/pub/..;${path}`,
  (path) => `/pub/%252e%252e${path}`,
  (path) => `/pub/.%252e;x${path}`,
  (path) => `/pub/..%253b${path}`,
  (path) => `/.;${path}`,
  (path) => `/%252e${path}`,
  (path) => path.replace("/s", "/x/..;/s"),
  (path) => path.replace("/s", "%252fs"),
  (path) => path.replace("/s", "%255cs"),
];

const spellings = (path) => [
  ...new Set(DISGUISES.flatMap((inner) => DISGUISES.map((outer) => outer(inner(path))).concat(inner(path)))),
];

const directly = (address, path) => {
  const { protocol, host, hostname, port } = new URL(address);
  return send({ protocol, host, address: hostname, port, path });
};

for (const name of NAMES) {
  describe(`behind the gate: ${name}`, () => {
    test("no spelling of a protected path shows it to a stranger, and some would without the gate", async (t) => {
      const address = await startReader(t, name);
      const gates = [];
      for (const rules of [SECRET_FIRST, OPEN_FIRST]) {
        gates.push(await gateFor(t, { originUrl: address, vars: { RULES: rules } }));
      }
      let shown = 0;
      for (const path of spellings("/admin/secret.txt")) {
        if ((await (await directly(address, path)).text()) === "the secret") shown += 1;
        for (const gate of gates) {
          const response = await gate.fetch(path);
          assert.doesNotMatch(await response.text(), /the secret/, path);
        }
      }
      assert.ok(shown > 0, "none of the spellings is one to this application");
    });

    test("its open pages are open", async (t) => {
      const gate = await gateFor(t, { originUrl: await startReader(t, name), vars: { RULES: OPEN_FIRST } });
      assert.equal(await (await gate.fetch("/pub/style.css")).text(), "a style");
      assert.notEqual((await gate.fetch("/pub/caf%C3%A9;v=1/B%20side")).status, 401);
    });
  });
}

const gate = await gateFor(
  { after },
  {
    vars: {
      RULES: [
        { path: "/echo/admin/*", session: "required" },
        { path: "/echo/Team/*", session: "required" },
        { path: "/echo/open/*", session: "none" },
        { path: "/echo/*", session: "optional" },
      ],
    },
  },
);
const status = async (path) => (await gate.fetch(path)).status;

test("another spelling of a required path is required", async () => {
  for (const path of [
    "/echo/%61dmin/x",
    "/echo/%2561dmin/x",
    "//echo/admin/x",
    "/echo//admin/x",
    "/echo/admin;a=b/x",
    "/echo/admin%3Ba=b/x",
    "/echo/x/..;/admin/x",
    "/echo/x/%2e%2e;/admin/x",
    "/echo/x/%252e%252e/admin/x",
    "/echo/ADMIN/x",
    "/echo/team/x",
    "/echo/open/..;/admin/x",
    "/echo/open/..%255c..%255cadmin/x",
  ]) {
    assert.equal(await status(path), 401, path);
  }
});

test("a spelling that leads out of an open folder is under the rule of where it leads", async () => {
  for (const path of [
    "/echo/open/..;/..;/secret",
    "/echo/open/%2e%2e;/%2e%2e;/secret",
    "/echo/open/%252e%252e/%252e%252e/x",
  ]) {
    assert.equal(await status(path), 401, path);
  }
});

test("odd paths that lead nowhere else are as open as they look", async () => {
  for (const path of [
    "/echo/open/a;v=1/b.css",
    "/echo/open//a",
    "/echo/open/A%20b",
    "/echo/open/caf%C3%A9",
    "/echo/open/100%25",
    "/echo/open/a%252520b",
    "/echo/open/x/..;/y",
    "/echo/open/.well-known/x",
    "/echo/open/%252fa",
    "/echo/open/%zz%",
    "/echo/elsewhere;v=1/A//b",
  ]) {
    assert.equal(await status(path), 200, path);
  }
});

test("the login is open at the path that is configured, and at no other spelling of it", async (t) => {
  const own = await gateFor(t, { vars: { RULES: [] } });
  assert.equal((await own.fetch("/login?user=bob")).status, 200);
  for (const path of ["/%6cogin", "//login", "/login;x", "/LOGIN", "/x/..;/login"]) {
    assert.equal((await own.fetch(path)).status, 401, path);
  }
});
