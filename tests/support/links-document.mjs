// docs/logout-links.md, made from what a browser did.

const HEAD = `# Every way a page can touch \`/logout\`

This table is made by \`tests/browser/logout-links.test.mjs\`, which tries each way in Chromium, over https, from a page of the
app, from a page on another port of the same host (*same-site*, but another origin) and from a page of another site, with
somebody logged in. \`npm test\` fails when what it observes is not what stands here; \`UPDATE_DOCS=1\` writes it anew.

*Sent* are the method and \`Sec-Fetch-Site\`, \`-Mode\`, \`-Dest\`, then \`Sec-Purpose\`; *cookies* says whether the session cookies
went along. Only an answer of **logged out** has ended the session.

| way | page of | sent | cookies | answer |
|---|---|---|---|---|
`;

const FOOT = `
## What this means

* **The app's own pages** can log out by a link, a form, a script that posts, or by taking the whole window there. What a page
  merely loads (an image, a frame, a prefetch, a \`fetch\` by GET) does nothing.
* **Pages of other origins** can do nothing at all without the person: a followed link leads to a page that asks.
* **An app with a service worker** that passes navigations on gets the page that asks: the worker makes the link look like a
  frame. An app that minds lets its worker leave \`/logout\` alone.
* **A prefetched link still works**: the answer to a prefetch is 503, which a browser does not keep, so a click asks again.
* **An address of another site that redirects here** leads to the page that asks when it was a link on a page. Typed into the
  address bar, or opened from a mail program, it is sent exactly as a typed \`/logout\` is, and logs out: browsers send nothing that
  would tell the two apart.
`;

/** The document; observations of one way stand together. */
export function linksDocument(observations) {
  const ways = [...new Set(observations.map(({ way }) => way))];
  const pages = new Set(observations.map(({ from }) => from)).size;
  const rows = ways.flatMap((way) =>
    rowsOf(
      way,
      observations.filter((observation) => observation.way === way),
      pages,
    ),
  );
  return `${HEAD}${rows.join("\n")}\n${FOOT}`;
}

/** One row for each outcome: the pages with the same one share it. */
function rowsOf(way, observations, pages) {
  const pagesWith = new Map();
  for (const observation of observations) {
    const outcome = [sent(observation.sent), cookies(observation.sent), answer(observation)].join(" | ");
    pagesWith.set(outcome, [...(pagesWith.get(outcome) ?? []), observation.from]);
  }
  return [...pagesWith].map(
    ([outcome, from]) => `| ${way} | ${from.length === pages ? "anybody" : from.join(", ")} | ${outcome} |`,
  );
}

function sent(request) {
  if (request === null) return "nothing";
  const { method, site, mode, dest, purpose } = request;
  const metadata = site === undefined ? ["no `Sec-Fetch-*`"] : [site, mode, dest];
  return [method, ...metadata, ...(purpose ? [`**${purpose}**`] : [])].join(" · ");
}

function cookies(request) {
  return request?.cookies ? "yes" : "no";
}

function answer({ answer: given, signedIn }) {
  if (given === null) return "none";
  if (!signedIn) return `${given.status}, **logged out**`;
  return given.body.includes("<form") ? `${given.status}, asks` : `${given.status}`;
}
