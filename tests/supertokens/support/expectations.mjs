// What every backend of the SDKs is expected to answer, and what they are all tried with.

import assert from "node:assert/strict";

/** User ids that a careless protocol would bend. */
export const ODD_USER_IDS = ['{"i":5}', `"'\\`, "a\nb", "用户 👩‍👩‍👧", "x".repeat(256)];

export async function assertAnswer(response, status, body) {
  assert.deepEqual([response.status, await response.json()], [status, body]);
}

/** The response has told browser and SDK that the session is over. */
export function assertSignedOut(browser, response) {
  assert.equal(response.headers.get("front-token"), "remove");
  assert.deepEqual(browser.cookies(), {});
}

export function assertCookiesUntouched(response) {
  assert.deepEqual(response.headers.getSetCookie(), []);
  assert.equal(response.headers.get("front-token"), null);
}
