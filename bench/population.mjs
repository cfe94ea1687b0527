// Very many users with a session each, without logging each of them in: the object of one is linked to the names of
// all others. It is read and never written, so one file can be the storage of all of them.

import { createHash, createHmac } from "node:crypto";
import { existsSync, linkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

// An object that nobody asks is put away after ten seconds.
const PATIENCE_MS = 30_000;

/**
 * Gives the object of user `template` in `folder` to as many others, whose objects have the names that `nameOf` says;
 * gives their ids.
 */
export async function populate(folder, template, count, nameOf) {
  const namespace = namespaceOf(folder);
  const original = join(folder, `${idOf(namespace, template)}.sqlite`);
  await putAway(original);
  return Array.from({ length: count }, (_, number) => {
    const id = idOf(namespace, nameOf(number));
    linkSync(original, join(folder, `${id}.sqlite`));
    return id;
  });
}

// While an object is awake its newest writes are beside its file.
async function putAway(file) {
  const deadline = Date.now() + PATIENCE_MS;
  while (existsSync(`${file}-wal`) || !existsSync(file)) {
    if (Date.now() > deadline) throw new Error(`${file} is still in use`);
    await delay(200);
  }
}

const namespaceOf = (folder) => createHash("sha256").update(folder.split("/").at(-1)).digest();

// The id of the object with this name, as Miniflare's platform makes it.
function idOf(namespace, name) {
  const half = hmac(namespace, name);
  return Buffer.concat([half, hmac(namespace, half)]).toString("hex");
}

const hmac = (key, data) => createHmac("sha256", key).update(data).digest().subarray(0, 16);
