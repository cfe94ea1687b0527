// The alarm never gives up. The platform tries one that fails six times more, within minutes, and then forgets it:
// what has expired would stay for good. So it fails for nobody to see: it is logged, and goes off again.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { alarmOf, gateFor, login, runSql, SECRET, STAND_IN, soundAlarm } from "../support/index.mjs";

const DAY = 24 * 3600;
const HOUR = 3_600_000;

const gate = await gateFor({ after }, { clock: true, objectFault: STAND_IN, vars: { SESSION_IDLE_TTL: DAY } });

/** What can be wrong when the alarm goes off, and how it is put right. */
const FAILURES = {
  "the configuration is wrong": {
    begin: () => gate.restart({ GATE_SECRET: "short" }),
    end: () => gate.restart({ GATE_SECRET: SECRET }),
    logs: /GATE_SECRET must be/,
  },
  "the storage does not answer as it should": {
    begin: async ({ handle }) => {
      await runSql(gate, handle, "ALTER TABLE sessions RENAME COLUMN session TO elsewhere");
      await gate.restart();
    },
    end: ({ handle }) => runSql(gate, handle, "ALTER TABLE sessions RENAME COLUMN elsewhere TO session"),
    logs: /no such column/,
  },
  "the Wasm instance breaks": {
    begin: () => gate.restart(),
    break: true,
    end: () => {},
    logs: /RuntimeError|unreachable/,
  },
};

for (const [what, failure] of Object.entries(FAILURES)) {
  test(`when ${what}, the alarm says so, looks again within an hour, and does its work then`, async () => {
    const session = await login(gate, what);
    await gate.moveClock(DAY + 1);
    await failure.begin(session);

    for (let round = 0; round < 8; round += 1) {
      await soundAlarm(gate, session.handle, { break: failure.break });
      const next = await alarmOf(gate, session.handle);
      assert.ok(next > gate.now && next <= gate.now + HOUR, `${next - gate.now} ms`);
      await gate.moveClock((next - gate.now) / 1000);
    }
    assert.ok(await gate.logged((line) => /alarm/.test(line) && failure.logs.test(line)));

    await failure.end(session);
    await soundAlarm(gate, session.handle);
    assert.ok(await gate.logged(({ event, handle }) => event === "session_expired" && handle === session.handle));
    assert.equal(await alarmOf(gate, session.handle), null);
    assert.deepEqual(await runSql(gate, session.handle, "SELECT name FROM sqlite_master WHERE name = 'sessions'"), []);
  });
}
