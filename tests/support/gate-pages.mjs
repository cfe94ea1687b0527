// The pages people meet, each brought onto the screen the way it comes up in life.

import { leaving, signIn } from "./demo-gate.mjs";
import { failObject } from "./object-stand-in.mjs";

const LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
const PHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

/** Device names are read from this header, and a headless browser would say that it is one. */
export const laptop = (browser, options) => browser.newContext({ userAgent: LAPTOP, ...options });
export const phone = (browser, options) => browser.newContext({ userAgent: PHONE, ...options });

/** Pages of the demo app, by name. */
export const APP_PAGES = {
  home: ({ gate, page }) => page.goto(`${gate.url}/`),
  "signed-in": ({ gate, page, user }) => signIn(page, gate.url, user),
};

/** The four pages of the gate, by name. The last one needs a gate with the stand-in for its object, and leaves it failing. */
export const GATE_PAGES = {
  devices: async ({ browser, gate, page, user }) => {
    const other = await phone(browser);
    await signIn(await other.newPage(), gate.url, user);
    await other.close();
    await signIn(page, gate.url, user);
    return page.goto(`${gate.url}/auth/sessions`);
  },
  "please-confirm": async ({ gate, page, user }) => {
    await signIn(page, gate.url, user);
    return followForeignLink(page, `${gate.url}/logout`);
  },
  "signed-out": async ({ gate, page, user }) => {
    await signIn(page, gate.url, user);
    return page.goto(`${gate.url}/logout`);
  },
  "not-signed-out-yet": async ({ gate, page, user }) => {
    await signIn(page, gate.url, user);
    await failObject(gate, "throw");
    return page.goto(`${gate.url}/logout`);
  },
};

/** Follows a link on a page that belongs to nobody, which is another site to all. Returns the response. */
export async function followForeignLink(page, target) {
  await page.goto(`data:text/html,<a href="${target}">a link</a>`);
  const response = page.waitForResponse(target);
  await leaving(page, () => page.getByRole("link").click());
  return response;
}
