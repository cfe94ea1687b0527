// The gate in front of the demo app, as `npm start` serves it, and a person in front of both.

import assert from "node:assert/strict";
import { demoAppSource, demoAppVars } from "./demo-app.mjs";
import { startGate } from "./gate.mjs";

/** @import { GateOptions } from "./types.d.ts" */

/**
 * A gate of the harness with the demo app behind it; `vars` come on top of those of `npm start`.
 * @param {GateOptions} [options]
 */
export async function startDemoGate({ vars, ...options } = {}) {
  return startGate({ origin: await demoAppSource(), vars: { ...demoAppVars(), ...vars }, ...options });
}

/** Logs in by the form, the way a person does. */
export async function signIn(page, origin, user) {
  await page.goto(`${origin}/login`);
  await page.getByLabel("Your name").fill(user);
  await leaving(page, () => page.getByRole("button", { name: "Log in" }).click());
  assert.equal(page.url(), `${origin}/me`);
}

/** Does what leads to another page, and waits until that one has loaded. */
export async function leaving(page, act) {
  const loaded = page.waitForEvent("load");
  await act();
  await loaded;
}

/** Whether a protected page opens in this browser, in a tab of its own. */
export async function isSignedInBrowser(context, origin) {
  const tab = await context.newPage();
  const response = await tab.goto(`${origin}/me`);
  const signedIn = new URL(tab.url()).pathname === "/me" && response.ok();
  await tab.close();
  return signedIn;
}
