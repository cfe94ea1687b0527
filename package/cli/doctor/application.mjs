// Whether the application can be told by a stranger who they are: past the gate, or through it.

import { randomBytes } from "node:crypto";
import { failed, ok, skipped, warning } from "./finding.mjs";
import { NAVIGATION } from "./http.mjs";
import { protectedUrl } from "./outside.mjs";

/** The gate's own headers, in spellings that CGI and its heirs take for the same. */
const OWN = ["Gate-User", "gate_user", "Gate.User", "Gate-Session", "Gate-Token", "Gate-Claims"];
/** What applications behind other gates believe. The gate strips those that CLAIM_HEADERS names. */
const OTHERS = [
  "X-Remote-User",
  "Remote-User",
  "X-WEBAUTH-USER",
  "X-Forwarded-User",
  "X-Forwarded-Email",
  "X-Forwarded-Groups",
  "X-Forwarded-Preferred-Username",
];
/** Statuses of what does not let strangers in: refusals, and Cloudflare's own for a server that it cannot reach. */
const CLOSED = [401, 403, 407, 421, 520, 521, 522, 523, 524, 525, 526, 527, 530];

/** @type {import("./finding.mjs").Check} */
export async function direct(patient) {
  const { origin, send } = patient;
  if (origin === undefined) {
    return skipped(
      "not tried",
      "Give the application's own address with --origin: it must not answer anybody but the gate.",
    );
  }
  const found = await reached(send, origin);
  if (typeof found === "string") {
    return NO_NAME.includes(found)
      ? warning(
          `${origin.hostname} has no address, so nothing was tried`,
          "Give the address at which the gate reaches it.",
        )
      : ok(`${origin.origin} does not answer (${found})`);
  }
  if (found.headers["gate-reason"] !== undefined) return ok(`${origin.origin} is a gate too`);
  if (CLOSED.includes(found.status)) return ok(`${origin.origin} refuses (${found.status})`);
  return failed(
    `${origin.origin} answers without the gate (${found.status}): whoever finds it can be anyone`,
    "Let nothing but the gate reach it: a tunnel, a firewall rule or mutual TLS; for a Worker `workers_dev = false`, `preview_urls = false` and no route. Else the application has to verify Gate-Token.",
  );
}

/** The answer, or what the network says instead. */
async function reached(send, origin) {
  const headers = { ...NAVIGATION, "Gate-User": "session-gate-doctor" };
  try {
    return await send(new URL("/", origin), headers, { anyCertificate: true });
  } catch (error) {
    return error.code ?? error.message;
  }
}

/** How a resolver says that it knows no such name. */
const NO_NAME = ["ENOTFOUND", "EAI_AGAIN"];

/** @type {import("./finding.mjs").Check} */
export async function forgedHeaders(patient) {
  const marks = Object.fromEntries([...OWN, ...OTHERS].map((name) => [name, randomBytes(12).toString("hex")]));
  const plain = await patient.send(protectedUrl(patient), NAVIGATION);
  const shown = new Set();
  for (const url of [protectedUrl(patient), new URL("/", patient.url), ...loginOf(plain, patient)]) {
    const answer = await patient.send(url, { ...NAVIGATION, ...marks });
    if (url.pathname === patient.path && answer.status !== plain.status) {
      return failed(`with identity headers of the client's own ${patient.path} answers ${answer.status}`, MENDING);
    }
    const text = `${answer.body}${JSON.stringify(answer.headers)}`;
    for (const [name, mark] of Object.entries(marks)) if (text.includes(mark)) shown.add(name);
  }
  const own = OWN.filter((name) => shown.has(name));
  if (own.length > 0) return failed(`the application shows what a client sent as ${own.join(", ")}`, MENDING);
  if (shown.size > 0) {
    return warning(
      `the application shows what a client sent as ${[...shown].join(", ")}`,
      "If it believes the header, name it in CLAIM_HEADERS: then it is the gate's word alone.",
    );
  }
  return ok("identity headers of a client do not reach the application");
}

const MENDING =
  "Something behind this address is not the gate, or routes round it: let every path lead through the gate's Worker.";

/** The login page, if it is here. */
function loginOf({ headers }, { url }) {
  if (headers.location === undefined) return [];
  const target = new URL(headers.location, url);
  return target.origin === url.origin ? [target] : [];
}
