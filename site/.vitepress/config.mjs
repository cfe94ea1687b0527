// The documentation site. `npm run docs` writes its pages to target/site/pages, from the documents of the repository.

import { anchorOf } from "../anchor.mjs";

const page = (text, link) => ({ text, link });

export default {
  title: "session-gate",
  description: "A Cloudflare Worker that keeps the sessions of a web application, and owns the log-out",
  srcDir: "../target/site/pages",
  outDir: "../target/site/html",
  cacheDir: "../target/site/cache",
  base: process.env.DOCS_BASE ?? "/",
  // A text like <key> is a text, and headings have the anchors that they have in the repository.
  markdown: { html: false, anchor: { slugify: anchorOf } },
  // Addresses of what runs on the reader's machine.
  ignoreDeadLinks: [/^http:\/\/localhost/],
  themeConfig: {
    // In the reader's browser: nobody hears what is looked for.
    search: { provider: "local" },
    outline: [2, 3],
    nav: [page("Start", "/start/"), page("Configuration", "/configuration"), page("Changelog", "/changelog")],
    sidebar: [
      {
        text: "Start",
        items: [
          page("What it is", "/"),
          page("Which page is for you", "/start/"),
          page("Express", "/start/express"),
          page("Flask", "/start/flask"),
          page("Django", "/start/django"),
          page("Single-page application", "/start/single-page"),
          page("Static site", "/start/static-site"),
          page("The same Worker", "/start/same-worker"),
          page("An application that cannot be changed", "/start/header-auth"),
          page("A login form, before and after", "/start/login-form"),
          page("A whole wrangler.toml", "/start/wrangler"),
          page("Staging and previews", "/start/staging"),
          page("From a terminal", "/start/terminal"),
          page("The doctor", "/start/doctor"),
          page("Problems by symptom", "/start/problems"),
        ],
      },
      {
        text: "Reference",
        items: [
          page("Configuration", "/configuration"),
          page("Mistakes in settings", "/mistakes"),
          page("Identity providers", "/providers/"),
          page("Claims", "/claims"),
          page("Behaviour", "/behaviour"),
          page("Gate-Reason", "/reasons"),
          page("SuperTokens", "/supertokens"),
          page("The npm package", "/package"),
        ],
      },
      {
        text: "Operating",
        items: [
          page("Operating", "/operating"),
          page("Cost", "/cost"),
          page("Reliability", "/reliability"),
          page("Security", "/security"),
          page("Threat model", "/threat-model"),
        ],
      },
      {
        text: "For those who change it",
        items: [
          page("Guarantees", "/guarantees"),
          page("Requirements", "/requirements"),
          page("What it is built from", "/supply-chain"),
          page("Architecture", "/architecture"),
          page("Contributing", "/contributing"),
          page("Changelog", "/changelog"),
        ],
      },
    ],
  },
};
