// What tests of one release against another share.

import { readFile } from "node:fs/promises";

const FIXTURES = new URL("../fixtures/", import.meta.url);

/** Lifetimes of most of a century: what was recorded must not have expired when it is looked at. */
export const FIXTURE_VARS = {
  SESSION_IDLE_TTL: 3_000_000_000,
  SESSION_ABSOLUTE_TTL: 3_000_000_000,
  LOGIN_URL: "/login",
  RULES: [{ path: "/control", session: "optional" }],
};

export const fixture = (name) => new URL(name, FIXTURES);

/** What a release's Worker and objects said to each other: `{ object, now, ask, reply }`. */
export async function recordedProtocol(version) {
  const text = await readFile(fixture(`protocol-${version}.jsonl`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** The source of an object that knows what that release did and no more. */
export async function objectOfRelease(version) {
  const recorded = await recordedProtocol(version);
  const shape = recorded
    .map(({ ask, reply }) => ({ ask, reply }))
    .map(shapeOf)
    .reduce(both);
  const source = await readFile(new URL("./first-release-object.js", import.meta.url), "utf8");
  return `const SHAPE = ${JSON.stringify(shape)};\n${source}`;
}

/** What the application keeps is its own: anything can be in it. */
const FREE = new Set(["payload", "data", "merge", "replace"]);

function shapeOf(value) {
  if (Array.isArray(value)) return { element: value.map(shapeOf).reduce(both, undefined) };
  if (value === null || typeof value !== "object") return true;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, FREE.has(name) || shapeOf(inner)]));
}

/** The names of either. Where one was a plain value, or nothing, the other tells more. */
function both(one, other) {
  if (one === undefined || one === true) return other;
  if (other === undefined || other === true) return one;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, both(one[name], other[name]) ?? true]));
}
