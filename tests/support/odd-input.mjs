// Input that no client in its right mind sends, by the part of a request that it is for.

import { claimsOf, headerOf } from "./session.mjs";

const DEEP = "[".repeat(4000) + "]".repeat(4000);

const encoded = (content) => Buffer.from(content).toString("base64url");

/** Tokens, made from the genuine one so that they get as far as they can. */
export function oddTokens(genuine) {
  const header = headerOf(genuine);
  const signature = genuine.split(".")[2];
  const token = (head, claims) => [encoded(head), encoded(claims), signature].join(".");
  const withKey = (kid) => token(JSON.stringify({ ...header, kid }), JSON.stringify(claimsOf(genuine)));
  return {
    nothing: "",
    dots: "..",
    "many dots": ".".repeat(5000),
    "no base64": "%%%.%%%.%%%",
    padding: "e30=.e30=.e30=",
    "empty objects": token("{}", "{}"),
    "a deep header": token(DEEP, "{}"),
    "deep claims": token(JSON.stringify(header), `{"a":${DEEP}}`),
    "bytes that are no text": token(Buffer.from([0xff, 0xfe, 0x00]), "{}"),
    "a key beyond numbers": withKey("d-99999999999999999999999999"),
    "a negative key": withKey("d--1"),
    "a key without a number": withKey("s-"),
    "a time beyond numbers": token(JSON.stringify(header), '{"exp":1e400,"iat":-1e400}'),
    "thousands of characters": "A".repeat(30_000),
  };
}

export function oddCookies({ access, refresh }) {
  return {
    "no pairs": "; ;;; = ; =;",
    "a name alone": "__Host-sAccessToken",
    "an access token twice": `__Host-sAccessToken=${access}; __Host-sAccessToken=${access}`,
    "different access tokens": `__Host-sAccessToken=${access}; __Host-sAccessToken=x; __Host-sRefreshToken=${refresh}`,
    "every name many times": "__Host-sAccessToken=a; __Host-sRefreshToken=b; __Host-sLogoutPending=c; ".repeat(100),
    "thousands of pairs": Array.from({ length: 4000 }, (_, at) => `c${at}=1`).join("; "),
    "one long value": `long=${"x".repeat(60_000)}`,
    quotes: `__Host-sAccessToken="${access}"; __Host-sRefreshToken="`,
    "Latin-1": "caf\xe9=\xff\xfe; __Host-sAccessToken=\xe9\xe9; __Host-sRefreshToken=\xff",
    "broken escapes": "a=%; b=%zz; __Host-sRefreshToken=%00%ff",
    tabs: "\t__Host-sAccessToken\t=\tx\t;\t",
  };
}

/** Headers that the gate reads, and what stands in them instead of what it expects. */
export const READ_HEADERS = [
  ...["origin", "referer", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-purpose"],
  ...["accept", "content-type", "authorization", "user-agent", "cf-ipcountry"],
  ...["anti-csrf", "rid", "st-auth-mode", "fdi-version", "cdi-version", "api-key"],
];
export const ODD_VALUES = [
  ...["", "null", "://", '"', "5.4,,;", "\xe9\xff", "text/html;q=\xe9"],
  ...["https://[", "https://[::1]:99999", ",".repeat(1000), "x".repeat(10_000)],
];

export const ODD_PATHS = [
  ...["//", "///logout", "/?", "/%", "/%zz", "/%ff%fe", "/echo?\xe9", `/${"a".repeat(14_000)}`],
  ...["/auth/%zz", "/auth//session", "/auth/session/%00", "/auth/sessions?%"],
  ...["/auth/core//", "/auth/core/appid-/recipe/session", "/auth/core/appid-%ff/hello"],
  ...["/logout?scope=%ff&return_to=%00", "/logout?return_to=//%5c%5c", "/logout?=&&&=="],
  `/logout?${"scope=all&".repeat(1000)}`,
];

/** The methods that the platform lets through. */
export const METHODS = [
  ...["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE", "SEARCH", "REPORT", "MERGE", "ACL"],
  ...["COPY", "LOCK", "MKCOL", "MOVE", "PROPFIND", "PROPPATCH", "UNLOCK", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE"],
];

const payloads = (userId, payload) =>
  `{"userId":${userId},"userDataInJWT":${payload},"userDataInDatabase":{},"enableAntiCsrf":false}`;

export const ODD_BODIES = {
  nothing: "",
  "half an object": '{"userId":',
  "a deep array": DEEP,
  "deep members": payloads('"a"', `${'{"a":'.repeat(3000)}1${"}".repeat(3000)}`),
  "numbers beyond numbers": payloads("1e999", '{"a":123456789012345678901234567890,"b":1e400}'),
  "half a character": payloads('"\\ud800"', '{"\\udfff":1}'),
  "a member twice": '{"userId":"a","userId":"b","userDataInJWT":{},"userDataInDatabase":{}}',
  "wrong types": '{"userId":[],"userDataInJWT":7,"sessionHandles":{"a":1},"sessionHandle":{},"refreshToken":[]}',
  "odd handles": JSON.stringify({ sessionHandles: ["", "x", "A".repeat(64), "\u00e9".repeat(64), "_".repeat(64)] }),
  "bytes that are no text": Buffer.from([0xff, 0xfe, 0x00, 0xc3]),
  "a broken form": "scope=%&handle=%ff%00&=&&return_to=%",
};

export const ODD_CONTROL = [
  ...["", "{", "[]", "null", '{"userId":""}', '{"userId":7}', '{"userId":"a","payload":[]}'],
  ...[`{"userId":"a","payload":${DEEP}}`, '{"userId":"\\ud800"}', '{"userId":"\\u0000\\n\\u00e9\\ud83d\\ude00"}'],
  ...["current, all", ", ,", "A".repeat(64), "\xe9"],
];

/** Requests that only a bare socket can send: request line, then headers. */
export const ODD_BYTES = [
  ["GET /echo HTTP/1.1", "Cookie: __Host-sAccessToken=\0\0"],
  ["GET /echo HTTP/1.1", "Cookie: \x01\x02\x7f; __Host-sRefreshToken=\x0b"],
  ["GET /echo\0/x HTTP/1.1"],
  ["GET /echo\x01\x7f HTTP/1.1"],
  ["GET /echo\xff\xfe?\x01\x7f\xff HTTP/1.1", "Cookie: a=\xff"],
  ["GET /echo HTTP/1.1", "Sec-Fetch-Site: \x01", "Origin: \x02", "Authorization: Bearer \x03"],
  ["FOO /echo HTTP/1.1"],
];

/** Names that no header can carry as they are. */
export const ODD_USERS = [
  "Zo\u00eb",
  "\u65e5\u672c\u8a9e",
  "a\nb",
  "a\u0000b",
  "\ud83d\ude00",
  " a ",
  "a".repeat(2000),
];
