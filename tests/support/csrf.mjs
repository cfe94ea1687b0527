// Where a request comes from, as browsers say it, and what the gate must make of that.

const ELSEWHERE = "https://evil.example";

/** Whether an unsafe request from there is refused; `headers` are told the gate's own origin. */
export const PROVENANCES = [
  { from: "another site", refused: true, headers: () => ({ "sec-fetch-site": "cross-site", origin: ELSEWHERE }) },
  {
    from: "another site that hides its origin",
    refused: true,
    headers: () => ({ "sec-fetch-site": "cross-site", origin: "null" }),
  },
  { from: "another site without Origin", refused: true, headers: () => ({ "sec-fetch-site": "cross-site" }) },
  {
    from: "another site that claims this origin",
    refused: true,
    headers: (own) => ({ "sec-fetch-site": "cross-site", origin: own }),
  },
  { from: "a sibling of this site", refused: true, headers: () => ({ "sec-fetch-site": "same-site" }) },
  { from: "an older browser on another site", refused: true, headers: () => ({ origin: ELSEWHERE }) },
  { from: "an older browser that hides its origin", refused: true, headers: () => ({ origin: "null" }) },
  { from: "an older browser on another port", refused: true, headers: () => ({ origin: "http://localhost:1" }) },
  { from: "an older browser on the default port", refused: true, headers: () => ({ origin: "http://localhost" }) },
  {
    from: "an older browser with another scheme",
    refused: true,
    headers: (own) => ({ origin: own.replace("http:", "https:") }),
  },
  {
    from: "an older browser on a host that begins alike",
    refused: true,
    headers: (own) => ({ origin: `${own}.evil.example` }),
  },
  { from: "an older browser with an Origin that is none", refused: true, headers: () => ({ origin: "localhost" }) },
  { from: "this origin", refused: false, headers: (own) => ({ "sec-fetch-site": "same-origin", origin: own }) },
  { from: "this origin without Origin", refused: false, headers: () => ({ "sec-fetch-site": "same-origin" }) },
  { from: "the address bar", refused: false, headers: () => ({ "sec-fetch-site": "none" }) },
  { from: "an older browser on this origin", refused: false, headers: (own) => ({ origin: own }) },
  { from: "no browser at all", refused: false, headers: () => ({}) },
];

export const CROSS_SITE = { "sec-fetch-site": "cross-site", origin: ELSEWHERE };
