// The test's side of object-stand-in.js.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { soon } from "./time.mjs";

/** For `startGate({ objectFault: STAND_IN })`. */
export const STAND_IN = await readFile(new URL("./object-stand-in.js", import.meta.url), "utf8");

/**
 * Lets the next calls to each object fail: "throw", "abort" (the object is reset), "cut" (it is reset
 * before what it wrote is known to be on the disk), "hang" or "slow" (by the clock of a gate that has one). `marks` are what the platform
 * says of a thrown error. The call has been carried out before it fails if `committed`. The first
 * `skip` calls pass; with `only` (an object's id) those to all others too.
 */
export async function failObject(gate, fault, times = Number.MAX_SAFE_INTEGER, details = {}) {
  await order(gate, { plan: { fault, times, ...details }, count: true });
}

export async function healObject(gate) {
  await order(gate, { plan: {} });
}

/** Puts the objects on machines whose clocks are so many seconds ahead of the gate's, or behind it. */
export async function putObjectsAhead(gate, seconds) {
  await order(gate, { plan: { ahead: seconds } });
}

/** How many calls the gate made to any object while `work` ran. */
export async function callsDuring(gate, work) {
  await order(gate, { count: true });
  await work();
  const calls = await callsByObject(gate);
  return Object.values(calls).flat().length;
}

/** When each object was called since the last fault was ordered, in milliseconds. */
export async function callsByObject(gate) {
  const { calls } = await order(gate, {});
  return calls;
}

/** Waits until objects were called so often since the last fault was ordered. */
export async function calledAtLeast(gate, count) {
  const calls = async () => Object.values(await callsByObject(gate)).flat().length;
  assert.ok(await soon(async () => (await calls()) >= count), `${await calls()} calls, not ${count}`);
}

/** The id of the object that a session's handle names. */
export const objectOf = (handle) => Buffer.from(handle, "base64url").subarray(0, 32).toString("hex");

/** When the object's alarm will go off, in milliseconds; `null` if it will not. */
export async function alarmOf(gate, handle) {
  const { alarm } = await order(gate, {}, objectOf(handle));
  return alarm;
}

/** Lets the object's alarm go off now, whatever it is set for; with `break` the Wasm instance breaks in it. */
export async function soundAlarm(gate, handle, details = {}) {
  await order(gate, { alarm: true, ...details }, objectOf(handle));
}

/** How many connections are watched by the object that a session's handle names. */
export async function watchesOf(gate, handle) {
  return (await order(gate, {}, objectOf(handle))).watches;
}

/** Closes all watches of an object, as a deployment does. */
export async function loseWatches(gate, handle) {
  await order(gate, { lose: true }, objectOf(handle));
}

/** When the object last answered a beat. */
export async function lastBeatOf(gate, handle) {
  return (await order(gate, {}, objectOf(handle))).beat;
}

/** Lets an object answer no beat any more. */
export async function deafen(gate, handle) {
  await order(gate, { deaf: true }, objectOf(handle));
}

/** How many beats deaf objects have had. */
export async function unansweredBeats(gate) {
  return (await order(gate, {})).beats;
}

/** Resets an object: it is put away, and its next call makes it anew. */
export async function resetObject(gate, handle) {
  await order(gate, { reset: true }, objectOf(handle)).catch(() => {});
}

/** Runs a statement in the storage of the object that a session's handle names, past the object; returns the rows. */
export async function runSql(gate, handle, ...statementAndBindings) {
  const { rows } = await order(gate, { sql: statementAndBindings }, objectOf(handle));
  return rows;
}

async function order(gate, content, object) {
  const stub = object === undefined ? await gate.anObject() : await theObject(gate, object);
  const response = await stub.fetch("http://object/", { headers: { "test-order": JSON.stringify(content) } });
  return response.json();
}

async function theObject(gate, object) {
  const objects = await gate.objects();
  return objects.get(objects.idFromString(object));
}
