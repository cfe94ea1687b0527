// What a project consists of: the texts of its files.

import { freshSecret } from "./secret.mjs";
import { MANIFEST, template } from "./write.mjs";

/** The key of the provider's table: part of user ids and addresses. */
const PROVIDER = "corp";

/**
 * The templates. `hasAddress`: the application is a server, found by `ORIGIN_URL`. `login`: how people log in unless it
 * is said; without it they are asked. `files`: what is there beside the gate.
 * @type {Record<string, {
 *   what: string,
 *   hasAddress?: true,
 *   login?: "form" | "provider",
 *   main?: string,
 *   files?: (project: Project) => Record<string, string>,
 * }>}
 */
export const TEMPLATES = {
  "origin-url": {
    what: "an application that is a server, with a login page of its own",
    hasAddress: true,
    login: "form",
  },
  "identity-provider": {
    what: "an application that is a server; people log in at an OpenID provider",
    hasAddress: true,
    login: "provider",
  },
  "header-auth": {
    what: "an application that believes a header, like X-Remote-User",
    hasAddress: true,
    login: "provider",
  },
  "bound-worker": {
    what: "an application that is another Worker",
    files: ({ name }) => ({
      "app/worker.js": template("app.js"),
      "app/wrangler.toml": fill(template("app.toml"), { name: `${name}-app`, date: MANIFEST.tested.compatibilityDate }),
    }),
  },
  "same-worker": {
    what: "an application in the same Worker",
    main: "src/index.js",
    files: () => ({ "src/app.js": template("app.js"), "src/index.js": template("same-worker.js") }),
  },
  "static-site": {
    what: "a static site in the same Worker; people log in at an OpenID provider",
    login: "provider",
    files: () => ({ "public/index.html": template("site.html") }),
  },
};

/**
 * @typedef {{
 *   name: string,
 *   template: string,
 *   originUrl?: string,
 *   loginUrl?: string,
 *   provider?: string,
 *   clientId?: string,
 * }} Project
 */

/**
 * Its files; `dependency` is how package.json names session-gate.
 * @param {Project} project
 */
export function filesOf(project) {
  const others = TEMPLATES[project.template].files?.(project) ?? {};
  return (/** @type {string} */ dependency) => ({
    "wrangler.toml": wranglerToml(project),
    "package.json": packageJson(project, dependency),
    ".dev.vars": devVars(project),
    ".gitignore": ".dev.vars\n.wrangler/\nnode_modules/\n",
    "README.md": readme(project),
    ...others,
  });
}

/** @param {Project} project */
function wranglerToml({ name, template, originUrl, loginUrl, provider, clientId }) {
  const { main = "node_modules/session-gate/index.js" } = TEMPLATES[template];
  const blocks = [
    `#:schema ./node_modules/session-gate/wrangler.schema.json
name = ${quoted(name)}
main = ${quoted(main)}
compatibility_date = ${quoted(MANIFEST.tested.compatibilityDate)}

# The address at workers.dev. Once there is one of your own, say false: two addresses are two ways in.
workers_dev = true
# routes = [{ pattern = "app.example.com", custom_domain = true }]

# Addresses of earlier versions would let people in by earlier rules.
preview_urls = false`,
    `[observability]
enabled = true`,
  ];
  if (template === "static-site") blocks.push(ASSETS);
  if (template === "bound-worker") blocks.push(binding(`${name}-app`));
  blocks.push(variables({ template, originUrl, loginUrl }));
  if (provider !== undefined) blocks.push(providerTable(provider, clientId));
  blocks.push(OBJECTS);
  return `${blocks.join("\n\n")}\n`;
}

const ASSETS = `# The site. The gate runs before each file, which is why it can say who sees it.
[assets]
directory = "public"
binding = "ORIGIN"
run_worker_first = true`;

const binding = (service) => `# The application: a Worker without an address of its own.
[[services]]
binding = "ORIGIN"
service = ${quoted(service)}`;

const OBJECTS = `# One object per user, where the sessions are. Classes and migrations stay as they are.
[[durable_objects.bindings]]
name = "SESSIONS"
class_name = "UserSessions"

[[durable_objects.bindings]]
name = "SID_INDEX"
class_name = "SidIndex"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["UserSessions"]

[[migrations]]
tag = "v2"
new_sqlite_classes = ["SidIndex"]`;

/** @param {Pick<Project, "template" | "originUrl" | "loginUrl">} project */
function variables({ template, originUrl, loginUrl }) {
  const lines = ["[vars]"];
  if (originUrl !== undefined) {
    lines.push(
      "# The application's address. Nothing but the gate may reach it.",
      `ORIGIN_URL = ${quoted(originUrl)}`,
      "",
    );
  }
  if (loginUrl !== undefined) {
    lines.push("# Where people without a session are sent.", `LOGIN_URL = ${quoted(loginUrl)}`, "");
  }
  if (template === "header-auth") lines.push(...HEADER_AUTH);
  lines.push(...RULES);
  return lines.join("\n");
}

const HEADER_AUTH = [
  "# The header that the application believes, and what is in it: a claim of the provider, or userId.",
  `CLAIM_HEADERS = { "X-Remote-User" = "email" }`,
  "",
  "# The application knows nothing of the gate, and is not asked about sessions.",
  `ORIGIN_CONTROL = "off"`,
  "",
];

const RULES = [
  "# Who needs a session: the first match counts, and what matches none needs one.",
  "RULES = [",
  "  { starter = true }, # favicon, robots.txt and the like: nobody needs one",
  `  # { path = "/assets/*", session = "none" },`,
  `  # { path = "/", session = "optional" },`,
  "]",
];

const providerTable = (
  issuer,
  clientId,
) => `# Where people log in; the client secret is PROVIDER_SECRET_${PROVIDER.toUpperCase()}.
[[vars.PROVIDERS]]
key = ${quoted(PROVIDER)}
name = "Corp account"
issuer = ${quoted(issuer)}
client_id = ${quoted(clientId)}`;

/** In the words of every shell, and no script of its own: with `ignore-scripts` npm runs none before another. */
const installed = (command) =>
  `(node -e "process.exit(+!require('fs').existsSync('node_modules/wrangler'))" || npm install --no-audit --no-fund) && ${command}`;

function packageJson({ name }, dependency) {
  const manifest = {
    name,
    private: true,
    type: "module",
    scripts: {
      start: installed("session-gate dev"),
      deploy: installed("wrangler deploy"),
      doctor: "session-gate doctor",
    },
    dependencies: { "session-gate": dependency },
    devDependencies: { wrangler: MANIFEST.tested.wrangler },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** @param {Project} project */
function devVars({ provider }) {
  const lines = [
    "# Secrets of `npm start`, on this machine alone. A deployment has its own: README.md.",
    `GATE_SECRET = "${freshSecret()}"`,
    `API_KEYS = "${freshSecret()}"`,
  ];
  if (provider !== undefined) lines.push(`PROVIDER_SECRET_${PROVIDER.toUpperCase()} = ""`);
  return `${lines.join("\n")}\n`;
}

function readme(project) {
  const login = project.provider === undefined ? "form" : "provider";
  const parts = ["start", project.template, login, "deploy"].map((name) => template(`readme/${name}.md`));
  const { name, originUrl = "", loginUrl = "", provider = "" } = project;
  return parts
    .map((part) => fill(part, { name, originUrl, loginUrl, provider, key: PROVIDER }).trim())
    .join("\n\n")
    .concat("\n");
}

const fill = (text, values) => text.replace(/\{\{(\w+)\}\}/g, (_all, name) => values[name]);

/** A text of TOML: JSON's escapes are TOML's. */
const quoted = (text) => JSON.stringify(text);
