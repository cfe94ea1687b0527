// The queries of the documents answer the questions that they stand under: each is run on data points as the gate writes
// them, in SQLite, which has been taught the functions that only ClickHouse has.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { blocksIn } from "../support/documents.mjs";

const RUN = `import json, sqlite3, sys, time
query, points = json.load(sys.stdin)

class Quantile:
    def __init__(self):
        self.values, self.q = [], 0
    def step(self, q, value, weight):
        self.q = q
        self.values += [value] * int(weight)
    def finalize(self):
        values = sorted(self.values)
        return values[min(len(values) - 1, int(self.q * len(values)))]

db = sqlite3.connect(":memory:")
db.create_function("NOW", 0, lambda: int(time.time()))
db.create_function("toStartOfInterval", 2, lambda time, interval: time - time % interval)
db.create_aggregate("quantile", 3, Quantile)
db.execute("CREATE TABLE session_gate (timestamp, _sample_interval, blob1, blob2, blob3, blob4, double1, double2)")
now = int(time.time())
db.executemany("INSERT INTO session_gate VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [[now, float(point[0]), *point[1:]] for point in points])
cursor = db.execute(query)
names = [column[0] for column in cursor.description]
print(json.dumps([dict(zip(names, row)) for row in cursor]))`;

const SECONDS = { HOUR: 3600, DAY: 86_400 };

/** In the words of SQLite. */
const inSqlite = (sql) =>
  sql
    .replaceAll(/INTERVAL '(\d+)' (\w+)/g, (_, count, unit) => `${count * SECONDS[unit]}`)
    .replaceAll(/quantileExactWeighted\(([\d.]+)\)\(/g, "quantile($1, ")
    .replaceAll("IF(", "IIF(");

/** Sample interval, blobs and doubles. */
const POINTS = [
  [1, "session_logout", "", "", "", 1, 0],
  [2, "session_logout", "", "", "", 1, 0],
  [1, "token_reuse", "", "", "", 1, 0],
  [1, "no-session", "application", "2", "FRA", 1, 0],
  [1, "no-session", "application", "2", "FRA", 1, 30],
  [1, "logged-out", "logout", "", "FRA", 1, 10],
];

function answer(sql) {
  const input = JSON.stringify([inSqlite(sql), POINTS]);
  const { status, stdout, stderr } = spawnSync("python3", ["-c", RUN], { input, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const queries = blocksIn("docs/observing.md").filter(({ language }) => language === "sql");
const queryWith = (word) => queries.find(({ code }) => code.includes(word)).code;

describe("docs/observing.md", () => {
  test("counts logouts, however they were sampled", () => {
    assert.deepEqual(
      answer(queryWith("session_logout")).map(({ logouts }) => logouts),
      [3],
    );
  });

  test("counts what is refused, by the rule", () => {
    assert.deepEqual(answer(queryWith("AS rule")), [
      { reason: "no-session", route: "application", rule: "2", answers: 2 },
    ]);
  });

  test("says how many answers waited, and how long", () => {
    const [application] = answer(queryWith("quantileExactWeighted"));
    assert.deepEqual(application, { route: "application", share: 0.5, median: 30, slowest: 30 });
  });

  test("counts tokens that came back", () => {
    assert.equal(answer(queryWith("token_reuse"))[0].reused, 1);
  });

  test("has no query that is not run here", () => {
    assert.equal(queries.length, 4);
  });
});
