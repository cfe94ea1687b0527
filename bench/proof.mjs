// A contestant that lets anyone in would be fast: before anything is measured, each has to refuse who has no session.

import { load } from "./load.mjs";

const CHECKING = [
  "hono-jose", "hono-jose-do", "better-auth", "supertokens-node", "gate: fresh", "gate: strict", "gate: never seen",
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

// A character in the midst of each value: of a JWT its claims, of anything else what its tag is over.
const tamperedWith = (headers) => headers.map((text, at) => (at % 2 === 1 && isCookie(headers, at) ? tampered(text) : text));

const tampered = (cookies) =>
  cookies.replace(/=([^;]*)/g, (_, value) => {
    const middle = Math.floor(value.length / 2);
    return `=${value.slice(0, middle)}${value[middle] === "A" ? "B" : "A"}${value.slice(middle + 1)}`;
  });
