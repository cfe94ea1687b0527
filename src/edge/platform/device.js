import Bowser from "bowser";

/**
 * Browser and system as a user agent names them; empty where it does not.
 * @param {string} userAgent
 */
export function describe(userAgent) {
  const { browser, os } = Bowser.parse(userAgent || "unknown");
  return [browser.name ?? "", os.name ?? ""];
}
