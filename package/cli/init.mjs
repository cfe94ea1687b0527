// `session-gate init`: a project with a gate in it. Options say what it is; what they leave open is asked.

import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { filesOf, TEMPLATES } from "./project.mjs";
import { questions } from "./questions.mjs";
import { asIssuer, asLogin, asOrigin, asTemplate } from "./read.mjs";
import { ownCopy, write } from "./write.mjs";

const OPTIONS = /** @type {const} */ ({
  template: { type: "string" },
  "origin-url": { type: "string" },
  "login-url": { type: "string" },
  provider: { type: "string" },
  "client-id": { type: "string" },
  yes: { type: "boolean", short: "y" },
  help: { type: "boolean", short: "h" },
});

const USAGE = `session-gate init [folder] [options]

  --template <name>       ${Object.entries(TEMPLATES)
    .map(([name, { what }]) => `${name.padEnd(18)}${what}`)
    .join(`\n${" ".repeat(26)}`)}
                          (a part of a name is enough)
  --origin-url <origin>   where the application is, like http://127.0.0.1:8000
  --login-url <path>      the application's own login page, like /login
  --provider <issuer>     or the OpenID provider at which people log in, like https://idp.example.com
  --client-id <id>        what the provider calls the gate
  --yes                   asks nothing: what is not given has its default

The folder's default is my-gate. Nothing is overwritten.`;

const DEFAULT = {
  folder: "my-gate",
  originUrl: "http://127.0.0.1:8000",
  loginUrl: "/login",
  provider: "https://idp.example.com",
  clientId: "gate",
};

/** @param {string[]} args */
export async function init(args) {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  if (values.help) return console.log(USAGE);
  if (positionals.length > 1) throw new Error(`one folder, and not ${positionals.join(", ")}`);
  const given = read(values);
  const asked = values.yes ? defaults() : questions();
  try {
    const folder = positionals[0] ?? (await asked.ask("Which folder?", DEFAULT.folder, String));
    const project = await complete(given, asked);
    const name = nameOf(folder);
    write(folder, filesOf({ ...project, name }), ownCopy);
    console.log(farewell(folder, project));
  } finally {
    asked.close();
  }
}

function read(values) {
  const optional = (text, reader) => (text === undefined ? undefined : reader(text));
  if (values.provider !== undefined && values["login-url"] !== undefined) {
    throw new Error("people log in by --login-url or by --provider: give one of them");
  }
  return {
    template: optional(values.template, asTemplate),
    originUrl: optional(values["origin-url"], asOrigin),
    loginUrl: optional(values["login-url"], asLogin),
    provider: optional(values.provider, asIssuer),
    clientId: values["client-id"],
  };
}

/**
 * What has been given and what is asked: where the application is, and how people log in.
 * @returns {Promise<Omit<import("./project.mjs").Project, "name">>}
 */
async function complete(given, asked) {
  const template = given.template ?? guessed(given) ?? (await asked.choose("Where is the application?", whats(given)));
  const { hasAddress } = TEMPLATES[template];
  if (given.originUrl !== undefined && !hasAddress) throw new Error(`${template} has no --origin-url`);
  const originUrl = hasAddress
    ? (given.originUrl ?? (await asked.ask("Its address?", DEFAULT.originUrl, asOrigin)))
    : undefined;
  return { template, originUrl, ...(await wayIn(template, given, asked)) };
}

async function wayIn(template, given, { ask, choose }) {
  if ((await way(template, given, choose)) === "form") {
    return { loginUrl: given.loginUrl ?? (await ask("The path of its login page?", DEFAULT.loginUrl, asLogin)) };
  }
  const provider = given.provider ?? (await ask("The provider's issuer?", DEFAULT.provider, asIssuer));
  const clientId = given.clientId ?? (await ask("The client id there?", DEFAULT.clientId, String));
  return { provider, clientId };
}

async function way(template, { loginUrl, provider }, choose) {
  if (loginUrl !== undefined) return "form";
  if (provider !== undefined) return "provider";
  return TEMPLATES[template].login ?? (await choose("How do people log in?", WAYS));
}

const WAYS = { form: "by a login page of the application's own", provider: "at an OpenID provider" };

/** With an address of the application and a way to log in there is one question less. */
function guessed({ originUrl, loginUrl, provider }) {
  if (originUrl === undefined) return undefined;
  if (provider !== undefined) return "identity-provider";
  return loginUrl === undefined ? undefined : "origin-url";
}

/** What there is to choose from: with an address, only what has one. */
function whats({ originUrl }) {
  const possible = Object.entries(TEMPLATES).filter(([, { hasAddress }]) => originUrl === undefined || hasAddress);
  return Object.fromEntries(possible.map(([name, { what }]) => [name, what]));
}

/** Answers with the defaults. */
function defaults() {
  return {
    ask: async (_question, fallback, reader) => reader(fallback),
    choose: async (_question, choices) => Object.keys(choices)[0],
    close: () => {},
  };
}

/** What a Worker may be called. */
function nameOf(folder) {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 54);
  return name || DEFAULT.folder;
}

/** @param {string} folder @param {Omit<import("./project.mjs").Project, "name">} project */
function farewell(folder, { template, originUrl, loginUrl, provider }) {
  const lines = [`A gate (${template}) is in ${join(folder)}: its README.md says what is where. Next:`, ""];
  lines.push(`  cd ${folder}`, "  npm start", "");
  if (originUrl !== undefined) lines.push(`The application is expected at ${originUrl} (ORIGIN_URL in wrangler.toml).`);
  if (loginUrl !== undefined) lines.push(`People log in at ${loginUrl}, which the application answers.`);
  if (provider !== undefined) lines.push(`People log in at ${provider}: README.md says what to register there.`);
  if (provider === DEFAULT.provider) lines.push("That provider is made up: put your own into wrangler.toml.");
  return lines.join("\n");
}
