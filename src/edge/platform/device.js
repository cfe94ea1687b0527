import { browserName, detectOS } from "detect-browser";

// The browsers that people have, as they know them.
/** @type {Record<string, string>} */
const NAMES = {
  android: "Android Browser",
  chrome: "Chrome",
  "chromium-webview": "Chrome",
  crios: "Chrome",
  curl: "curl",
  edge: "Edge",
  "edge-chromium": "Edge",
  "edge-ios": "Edge",
  facebook: "Facebook",
  firefox: "Firefox",
  fxios: "Firefox",
  ie: "Internet Explorer",
  instagram: "Instagram",
  ios: "Safari",
  "ios-webview": "Safari",
  kakaotalk: "KakaoTalk",
  miui: "MIUI Browser",
  opera: "Opera",
  "opera-mini": "Opera",
  safari: "Safari",
  samsung: "Samsung Internet",
  silk: "Silk",
  yandexbrowser: "Yandex Browser",
};

/**
 * Browser and system as a user agent names them; empty where it does not.
 * @param {string} userAgent
 */
export function describe(userAgent) {
  return [NAMES[browserName(userAgent) ?? ""] ?? "", systemOf(userAgent)];
}

// Without its version: browsers no longer tell the true one.
/** @param {string} userAgent */
function systemOf(userAgent) {
  const system = detectOS(userAgent) ?? "";
  if (system === "Mac OS") return "macOS";
  return system.replace(/^Windows .*/, "Windows").replace(/^Android OS$/, "Android");
}
