// What somebody who got hold of a dump or a log would try: every string in it, whole and in parts.

/** Shorter than any secret of the gate. */
const SHORTEST = 16;

/** All texts of printable characters in some bytes, without repetition. */
export function textsIn(bytes) {
  const printable =
    Buffer.from(bytes)
      .toString("latin1")
      .match(/[\x21-\x7e]{16,}/g) ?? [];
  return new Set(printable);
}

/**
 * Each text that a cookie or a header can carry: what stands between quotes, commas and the like, with dots and
 * without, what that decodes to, and what the beginnings and ends of long runs are.
 */
export function candidatesIn(texts) {
  const all = new Set();
  for (const text of texts) {
    for (const part of [text, ...text.split(/[^\w.~+/=-]+/), ...text.split(/[^\w-]+/)]) addEachForm(all, part);
  }
  return [...all].filter(
    (candidate) =>
      candidate.length >= SHORTEST &&
      candidate.length <= 4096 &&
      /^[\x21-\x7e]+$/.test(candidate) &&
      !/[;,"\\]/.test(candidate),
  );
}

function addEachForm(all, text) {
  all.add(text);
  if (/^(?:[0-9a-f]{2}){16,}$/i.test(text)) all.add(Buffer.from(text, "hex").toString("base64url"));
  if (/^[\w-]{16,}={0,2}$/.test(text)) all.add(Buffer.from(text, "base64url").toString("latin1"));
  // What is stored back to back cannot be told apart by looking at it.
  for (const length of [22, 43, 64, 86, 155]) {
    if (text.length <= length) continue;
    all.add(text.slice(0, length)).add(text.slice(-length));
  }
}

/** The forms in which some bytes could stand in a dump. */
export function formsOf(bytes) {
  return [
    bytes,
    .../** @type {BufferEncoding[]} */ (["hex", "base64", "base64url", "latin1"]).map((form) =>
      Buffer.from(Buffer.from(bytes).toString(form)),
    ),
  ];
}
