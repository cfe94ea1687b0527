// A contestant that lets anyone in would be fast: before anything is measured, each has to refuse who has no session.

import { load } from "./load.mjs";

const CHECKING = [
  "hono-jose",
  "hono-jose-do",
  "better-auth",
  "supertokens-node",
  "gate: fresh",
  "gate: strict",
  "gate: never seen",
];

/** Fails unless requests without cookies, and with cookies that were tampered with, are answered 401. */
export async function proveThatTheyCheck(contestants, paths) {
  for (const name of CHECKING) {
    const { contestant, turn } = paths.get(name);
    const request = (await turn(0))();
    for (const change of [withoutCookies, tamperedWith]) {
      const refused = [{ ...request, headers: change(request.headers) }];
      await load(contestants.of(contestant).url, () => refused.pop(), { status: 401 });
    }
  }
}

const isCookie = (headers, at) => headers[at - (at % 2)] === "cookie";

const withoutCookies = (headers) => headers.filter((_, at) => !isCookie(headers, at));

const tamperedWith = (headers) =>
  headers.map((text, at) => (at % 2 === 1 && isCookie(headers, at) ? tampered(text) : text));

// A character near the end of each value: all of them end in a signature or a tag.
const tampered = (cookies) =>
  cookies.replace(/=([^;]*)/g, (_, value) => {
    const [start, character, end] = [value.slice(0, -10), value.at(-10), value.slice(-9)];
    return `=${start}${character === "A" ? "B" : "A"}${end}`;
  });
