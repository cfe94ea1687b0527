// Where an attacker wants a redirect to lead, in every spelling that some browser or library reads as another site.

const EVIL = "evil.example";

const SCHEMES = [
  "",
  "https:",
  "http:",
  "HTTPS:",
  "hTTp:",
  "ftp:",
  "ws:",
  "wss:",
  "file:",
  "blob:https:",
  "view-source:https:",
];
const SLASHES = [
  "",
  "/",
  "//",
  "///",
  "////",
  "\\",
  "\\\\",
  "/\\",
  "\\/",
  "/\t/",
  "/\n/",
  "/\r/",
  "\t//",
  "/\0/",
  "/ /",
];
/** What browsers drop, trim or take for a space. */
const INVISIBLE = [
  ...["\t", "\n", "\r", "\r\n", " ", "\0", "\x01", "\x08", "\x0b", "\x0c", "\x1f", "\x7f"],
  ...["\x85", "\xa0", "\xad", "\u200b", "\u2028", "\u202e", "\u3000", "\ufeff"],
];
const SCRIPTS = [
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\tscript:alert(1)",
  "\x01javascript:alert(1)",
  "data:text/html,x",
  "vbscript:x",
];
const ESCAPED = [
  "%2f%2f",
  "%2F%2F",
  "/%2f",
  "%5c%5c",
  "/%5c",
  "/%09/",
  "/%0a/",
  "%252f%252f",
  "/.//",
  "/..//",
  "/%2e%2e//",
  "/./\\",
  ".//",
  "../..//",
];
/** Characters that fold into a slash, a colon, a dot or an at sign. */
const LOOKALIKES = [
  "\uff0f\uff0f",
  "/\uff0f",
  "\u2044\u2044",
  "\u2215/",
  "/\u29f8",
  "https\uff1a//",
  "https:\u2571\u2571",
  "/\u3002",
  "/\uff3c",
];

/** Relative to a gate at `own` (`http://localhost:8787`) that also trusts `friend` (`https://friend.example`). */
export function hostileTargets(own, friend) {
  const { host, hostname, port } = new URL(own);
  const plain = SCHEMES.flatMap((scheme) => SLASHES.map((slashes) => `${scheme}${slashes}${EVIL}`));
  const hidden = INVISIBLE.flatMap((it) => [
    `${it}//${EVIL}`,
    `${it}https://${EVIL}`,
    `/${it}/${EVIL}`,
    `https://${EVIL}${it}`,
  ]);
  const disguised = [...ESCAPED, ...LOOKALIKES].map((prefix) => `${prefix}${EVIL}/`);
  const borrowed = [own, friend].flatMap((trusted) => borrowing(trusted));
  const near = [
    ...[
      `https://${host}/`,
      `http://${hostname}/`,
      `http://${hostname}:${Number(port) + 1}/`,
      `http://127.0.0.1:${port}/`,
    ],
    ...[
      `http://[::1]:${port}/`,
      `http://${hostname}.:${port}/`,
      `http://sub.${host}/`,
      `http://LOCALHOST.${EVIL}:${port}/`,
    ],
    ...[
      "http://friend.example/",
      "https://friend.example:8443/",
      "https://sub.friend.example/",
      "https://notfriend.example/",
    ],
    ...[
      "https://friend.example./",
      "https://friend.exampl\u0435/",
      "https://xn--friend-example/",
      "https://friend.example\u3002evil.example/",
    ],
  ];
  return [...new Set([...plain, ...hidden, ...disguised, ...borrowed, ...near, ...SCRIPTS])].filter(
    (target) => target !== EVIL,
  );
}

/** A trusted origin as the beginning of another one. */
function borrowing(trusted) {
  const ends = [
    "@",
    ":x@",
    "%40",
    "\\@",
    "\t@",
    "\n@",
    ".",
    "-",
    "%2e",
    "%00.",
    "%2f@",
    "%5c@",
    "%23@",
    "%3f@",
    ";@",
    "&@",
    "\0.",
    "\uff20",
  ];
  return ends.map((end) => `${trusted}${end}${EVIL}/`);
}
