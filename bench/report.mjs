// The results as text: tables in Markdown, for the terminal and for results.md.

import { verdicts } from "./bounds.mjs";
import { summary } from "./statistics.mjs";

const WHAT_IS_IN_IT = `Written by \`npm run bench\`. Absolute times are this machine's, on a day on which it had other work too; the
ratios are what counts, so the processor's model is not recorded.

* **Processor time** is that of the whole workerd process, all its threads, divided by the requests of a turn. So it has in it, for
  every contestant alike, workerd's HTTP and its garbage collection, and on all paths that forward, the origin: a Worker in
  the same process, bound as a service, with a constant answer. The load generator is another process and is not in it. Each contestant
  has a socket of its own: Miniflare's entry is not in it either.
* **Turns.** The contestants take turns over many rounds, each turn a fraction of a second, eight connections that are kept open, one
  generator for all. A ratio is taken within each round; its median is given, with the range in which the true median lies with
  95 % certainty. "Within noise" means that the median is over the bound and the range is not.
* **Requests.** Each contestant gets the headers of a browser's \`fetch\` and the cookies that it has set itself: the gate two,
  the others one. \`hono-jose\` verifies the gate's own token. "Never seen" sends another good token each time. Creation, renewal and logout
  work on new sessions each time, four to a user, so that every fourth creation makes an object and every fourth logout gives one back
  (\`hono-jose-do\` leaves its storage where it is). Renewal is a request without access token.
* **Duties.** \`hono-jose-do\`'s logout deletes the session and one cookie. \`hono-jose-do, thorough\` does all that the gate's does:
  it expires as many cookies (13 here; 33 for a host with two domains above it), tells pages and SDKs, writes the event, and gives back the
  storage of a user without sessions. So the two ratios tell what the duties cost from what the gate does.
* **Objects** keep their SQLite files in memory. D1, under \`better-auth\`, is Miniflare's stand-in, whose work is in the same process: its
  figure says what the contestant costs here, not what D1 costs.
* **Users.** Of 100 000 users with a session each, 48 that were not asked about before come by in each round. Their first
  request wakes their object, which workerd pays for; it is a row of its own, beside \`hono-jose-do\`'s. All 100 000 cannot be awake in one
  local workerd: its SQLite gives up at some 3000 open objects.`;

/** All of it, as Markdown. */
export function markdown(results, when) {
  const { paths, memory, size, overlap, first } = results;
  const parts = [`# What a request costs`, `${WHAT_IS_IN_IT}\n\n${when}.`, "## The bounds", boundsTable(results)];
  if (paths.size > 0) parts.push("## All paths", pathTable(paths));
  if (first) parts.push("## Cold start: the first request of an isolate", firstText(first));
  if (memory) parts.push("## Memory", memoryText(memory));
  if (overlap) parts.push("## Overlap", overlapText(overlap));
  if (size) parts.push("## What the bytes are for", sizeTable(size));
  return `${parts.join("\n\n")}\n`;
}

/** The bounds and whether they were held. */
export function boundsTable(results) {
  const rows = verdicts(results).map(({ name, measured, range, most, verdict }) => [
    name,
    measured,
    range,
    most,
    verdict,
  ]);
  return table(["", "measured", "95 % certain", "at most", ""], rows);
}

function pathTable(paths) {
  const rows = [...paths].map(([name, rounds]) => {
    const of = (key) => summary(rounds.map((round) => round[key]));
    const { median, low, high } = of("microseconds");
    const requests = rounds.reduce((sum, round) => sum + round.requests, 0);
    return [
      name,
      median.toFixed(0),
      `${low.toFixed(0)}–${high.toFixed(0)}`,
      of("p50").median.toFixed(2),
      of("p99").median.toFixed(2),
      requests,
    ];
  });
  const text =
    "Processor time per request, with the middle half of the rounds; latency, the median of the rounds' p50 and p99.\n" +
    "`supertokens-node` runs on Node, with no origin behind it, and is not comparable: its row is the time of its own process.\n" +
    "Uploads and downloads are 64 MiB each, and take their turns when the others are done.";
  return `${text}\n\n${table(["path", "µs", "middle half", "p50, ms", "p99, ms", "requests"], rows)}`;
}

const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(1);

function firstText(first) {
  const rows = [...first].map(([name, times]) => {
    const [one, two] = [summary(times.first), summary(times.second)];
    return [name, one.median.toFixed(1), `${one.low.toFixed(1)}–${one.high.toFixed(1)}`, two.median.toFixed(1)];
  });
  return (
    "Processor time in ms, each in a runtime of its own that has just started: code is compiled when it is first run. `hono-jose`\n" +
    "refuses a request without a session, as `gate: no session` does.\n\n" +
    table(["", "first request", "middle half", "second"], rows)
  );
}

function memoryText({ before, after }) {
  const line = (name) => [name, megabytes(before[name]), megabytes(after[name]), megabytes(after[name] - before[name])];
  return (
    "In MiB, warmed up with one token and after 100 000 different ones on a `fresh` route. What the gate remembers is in its Wasm\n" +
    "memory. The process grows by its garbage, also with a Worker that keeps nothing.\n\n" +
    table(["memory", "before", "after", "growth"], [line("wasm"), line("process")])
  );
}

function sizeTable({ total, parts }) {
  const rows = parts.map(([name, bytes]) => [name, (bytes / 1000).toFixed(1)]);
  return `${total.toLocaleString("en")} bytes gzipped. Each part compressed by itself and scaled to the whole, in kB.\n\n${table(["part", "kB"], rows)}`;
}

function overlapText(rows) {
  return (
    "An object that answers after 50 ms and an origin that answers after 50 ms, in ms.\n\n" +
    table(
      ["rule", "p50", "p99"],
      rows.map(({ rule, p50, p99 }) => [rule, p50.toFixed(0), p99.toFixed(0)]),
    )
  );
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
