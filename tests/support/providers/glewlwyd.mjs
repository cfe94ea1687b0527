// glewlwyd, a provider written in C. Its logout tokens have `typ: JWT` and no `exp`, and its answers no `iss`.

import { execFile } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensureGlewlwyd } from "../../../scripts/glewlwyd.mjs";
import { startProcess } from "../process.mjs";
import { soon } from "../time.mjs";
import { freePort } from "./listening.mjs";
import { Person } from "./person.mjs";

const PLUGIN = "oidc";
const SESSION_COOKIE = "GLEWLWYD2_OIDC_SID";
const PASSWORD = "any-password";
const SCOPES = ["openid", "email", "profile"];
const SCHEMA = "usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";

/** A glewlwyd that ends with `t`, with a database of its own. Its people are made when they first sign in. */
export async function glewlwyd(t) {
  const root = await ensureGlewlwyd();
  if (root === undefined) throw new Error("glewlwyd is not installed, and there is no apt to get it");
  const folder = await mkdtemp(join(tmpdir(), "session-gate-glewlwyd-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { url, program } = await started(root, folder);
  t.after(() => program.stop());
  const administrator = new Administrator(url);
  // As they are in the database as it comes.
  await administrator.identify("admin", "password");
  for (const name of SCOPES.slice(1)) await administrator.post("/scope/", { name, display_name: name });
  await administrator.post("/mod/plugin/", plugin(`${url}/api/${PLUGIN}`));
  return new Glewlwyd(`${url}/api/${PLUGIN}`, administrator, () => program.stop());
}

class Glewlwyd {
  clientId = "gate";
  // It does not decode the parts of `client_secret_basic`, so nothing in it may need encoding.
  clientSecret = randomBytes(24).toString("hex");
  #administrator;

  constructor(issuer, administrator, stop) {
    this.issuer = issuer;
    this.#administrator = administrator;
    this.stop = stop;
  }

  register({ redirectUri, backchannelLogoutUri, postLogoutRedirectUri }) {
    return this.#administrator.post("/client/", {
      client_id: this.clientId,
      name: "The gate",
      client_secret: this.clientSecret,
      confidential: true,
      enabled: true,
      redirect_uri: [redirectUri],
      post_logout_redirect_uris: [postLogoutRedirectUri],
      backchannel_logout_uri: backchannelLogoutUri,
      backchannel_logout_session_required: "true",
      authorization_type: ["code", "refresh_token"],
      token_endpoint_auth_method: ["client_secret_basic"],
      scope: [],
    });
  }

  person() {
    return new GlewlwydPerson(this.issuer, this.#administrator);
  }
}

/** Somebody who speaks with its API as its pages do, which are scripts. */
class ApiPerson extends Person {
  #api;

  constructor(url) {
    super();
    this.#api = `${url}/api`;
  }

  /** Shows a name and a password. */
  identify(username, password) {
    return this.post("/auth/", { username, password });
  }

  post(path, body) {
    return this.call("POST", path, body);
  }

  async call(method, path, body) {
    const headers = { "content-type": "application/json" };
    const response = await this.open(`${this.#api}${path}`, { method, headers, body: JSON.stringify(body ?? {}) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  }
}

class Administrator extends ApiPerson {
  #people = new Set();

  /** Makes a person, if there is none of this name. */
  async ensurePerson(username) {
    if (this.#people.has(username)) return;
    this.#people.add(username);
    const [name, email] = [`Name of ${username}`, `${username}@example.com`];
    await this.post("/user/", { username, name, email, password: PASSWORD, enabled: true, scope: SCOPES });
  }
}

class GlewlwydPerson extends ApiPerson {
  #issuer;
  #administrator;

  constructor(issuer, administrator) {
    super(new URL(issuer).origin);
    this.#issuer = issuer;
    this.#administrator = administrator;
  }

  /** The password, the consent, and on to the callback. */
  async signIn(authorizationUrl, user) {
    await this.#administrator.ensurePerson(user);
    await this.identify(user, PASSWORD);
    const client = new URL(authorizationUrl).searchParams.get("client_id");
    await this.call("PUT", `/auth/grant/${client}/`, { scope: SCOPES.join(" ") });
    return this.walk(authorizationUrl, {});
  }

  /** As the page does that it leads to: the login is known already. */
  walk(url, fields) {
    return super.walk(continued(url), fields);
  }

  isKnown(url) {
    return super.isKnown(continued(url));
  }

  /** Says yes on the page that the provider leads to, whose script ends the session and goes back. */
  async confirmSignOut(endSessionUrl) {
    const response = await this.open(endSessionUrl);
    const question = new URL(response.headers.get("location"), endSessionUrl).searchParams;
    await this.#endSession(question.get("sid"));
    return { url: question.get("callback_url") };
  }

  /** Ends the session as that page does; the provider has no other way that tells the applications. */
  signOutThere() {
    return this.#endSession(this.cookie(this.#issuer, SESSION_COOKIE));
  }

  async #endSession(sid) {
    await this.call("DELETE", `/${PLUGIN}/session/${sid}/`);
    await this.call("DELETE", "/auth/");
  }
}

const continued = (url) => (url.includes("/auth?") ? `${url}&g_continue` : url);

async function started(root, folder) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const database = join(folder, "glewlwyd.db");
  await createDatabase(await readFile(join(root, SCHEMA), "utf8"), database);
  const file = join(folder, "glewlwyd.conf");
  await writeFile(file, configuration({ root, port, url, database }));
  const program = await startProcess(join(root, "usr/bin/glewlwyd"), [`--config-file=${file}`], {
    ready: /Glewlwyd started/,
    env: { ...process.env, LD_LIBRARY_PATH: await libraries(root) },
  });
  // It says so a moment before it listens.
  if (!(await soon(() => answers(url)))) throw new Error("glewlwyd does not answer");
  return { url, program };
}

const answers = (url) =>
  fetch(url).then(
    (response) => response.arrayBuffer(),
    () => false,
  );

/** The one list that clients need and that the database does not come with. */
async function createDatabase(schema, path) {
  const listed = schema.replace(
    '"redirect_uri":',
    '"post_logout_redirect_uris":{"multiple":true,"read":true,"write":true},"redirect_uri":',
  );
  const script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.stdin.read())";
  const running = promisify(execFile)("python3", ["-c", script, path]);
  running.child.stdin.end(listed);
  await running;
}

/** The folders of libraries, one for each architecture, of which there is one. */
async function libraries(root) {
  const folders = (await readdir(join(root, "usr/lib"))).filter((name) => name.endsWith("-linux-gnu"));
  return folders.map((name) => join(root, "usr/lib", name)).join(":");
}

function configuration({ root, port, url, database }) {
  const modules = (kind) => JSON.stringify(join(root, "usr/lib/glewlwyd", kind));
  return `
port=${port}
bind_address="127.0.0.1"
external_url="${url}"
login_url="login.html"
api_prefix="api"
static_files_path=${JSON.stringify(join(root, "usr/share/glewlwyd/webapp"))}
log_mode="console"
log_level="INFO"
cookie_secure=0
cookie_same_site="lax"
session_key="GLEWLWYD2_SESSION_ID"
session_expiration=2419200
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path=${modules("user")}
user_middleware_module_path=${modules("user_middleware")}
client_module_path=${modules("client")}
user_auth_scheme_module_path=${modules("scheme")}
plugin_module_path=${modules("plugin")}
hash_algorithm="SHA512"
database={ type="sqlite3"; path=${JSON.stringify(database)}; };
`;
}

/** Its plug-in for OpenID Connect. */
function plugin(issuer) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    module: "oidc",
    name: PLUGIN,
    display_name: "OpenID Connect",
    enabled: true,
    parameters: {
      iss: issuer,
      "jwt-type": "rsa",
      "jwt-key-size": "256",
      key: privateKey.export({ type: "pkcs8", format: "pem" }),
      cert: publicKey.export({ type: "spki", format: "pem" }),
      "jwks-show": true,
      "access-token-duration": 3600,
      "refresh-token-duration": 1209600,
      "code-duration": 600,
      "allow-non-oidc": true,
      "auth-type-code-enabled": true,
      "auth-type-token-enabled": false,
      "auth-type-implicit-enabled": false,
      "auth-type-password-enabled": false,
      "auth-type-client-enabled": false,
      "auth-type-refresh-enabled": true,
      "allowed-scope": SCOPES,
      "name-claim": "mandatory",
      "email-claim": "mandatory",
      "pkce-allowed": true,
      "introspection-revocation-allowed": true,
      "introspection-revocation-allow-target-client": true,
      "session-management-allowed": true,
      "session-cookie-name": SESSION_COOKIE,
      "session-cookie-expiration": 2419200,
      "front-channel-logout-allowed": true,
      "back-channel-logout-allowed": true,
    },
  };
}
