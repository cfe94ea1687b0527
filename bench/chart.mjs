// The chart: processor time per request as bars, legible on light and on dark pages. It is a page of text, so no
// library: those that draw without a browser are larger than everything else here together.

import { summary } from "./statistics.mjs";

const BARS = [
  ["empty", "an empty Worker (JavaScript)", "floor"],
  ["hello-rs", "an empty Worker (Rust)", "floor"],
  ["forward", "forwards, checks nothing", "floor"],
  ["gate: none", 'session-gate, session = "none"', "gate"],
  ["gate: fresh", "session-gate, fresh", "gate"],
  ["hono-jose", "Hono + jose, no logout", "other"],
  ["gate: never seen", "session-gate, fresh, first sight of a token", "gate"],
  ["gate: strict", "session-gate, strict", "gate"],
  ["hono-jose-do", "Hono + jose + Durable Object", "other"],
  ["better-auth", "better-auth on D1 (local)", "other"],
];
const [ROW, TOP, LABEL, WIDTH, SCALE] = [26, 40, 300, 720, 340];

/** The chart of these paths' results, as SVG. */
export function chart(paths) {
  const bars = BARS.filter(([name]) => paths.has(name)).map(([name, label, kind]) => {
    const { median } = summary(paths.get(name).map(({ microseconds }) => microseconds));
    return { label, kind, microseconds: median };
  });
  const most = Math.max(...bars.map(({ microseconds }) => microseconds));
  const height = TOP + bars.length * ROW + 12;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
<title id="title">Processor time per request: ${bars.map(({ label, microseconds }) => escaped(`${label} ${microseconds.toFixed(0)} µs`)).join("; ")}</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.head { font-weight: 600 }
.floor { fill: #8c959f } .gate { fill: #1f6feb } .other { fill: #bc4c00 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .gate { fill: #58a6ff } .other { fill: #f0883e } }
</style>
<text class="head" x="12" y="22">Processor time per request, µs (less is better)</text>
${bars.map((bar, row) => drawn(bar, TOP + row * ROW, most)).join("\n")}
</svg>
`;
}

function drawn({ label, kind, microseconds }, y, most) {
  const length = ((microseconds / most) * SCALE).toFixed(1);
  return `<text x="${LABEL - 8}" y="${y + 14}" text-anchor="end">${escaped(label)}</text>
<rect class="${kind}" x="${LABEL}" y="${y + 1}" width="${length}" height="18" rx="3"/>
<text x="${LABEL + Number(length) + 6}" y="${y + 14}">${microseconds.toFixed(0)}</text>`;
}

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
