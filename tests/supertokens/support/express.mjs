// Starts express_app, and speaks to it: as its visitors do, and to call the SDK's functions.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { API_KEY } from "../../support/gate.mjs";
import { inRepository } from "../../support/repository.mjs";
import { App, json } from "./app.mjs";

const APP = inRepository("tests/supertokens/express_app/app.mjs");

/**
 * An application whose core is at `connectionURI`, ended with the test `t`. An `apiKey` of `null`
 * is none; `session` is the configuration of the session recipe.
 */
export async function expressFor(t, { connectionURI, apiKey = API_KEY, session = {} }) {
  const thread = new Worker(APP, { workerData: { connectionURI, apiKey, session } });
  t.after(() => thread.terminate());
  const [{ url }] = await once(thread, "message");
  return new ExpressApp(url);
}

class ExpressApp extends App {
  /** What a function of the SDK returns; what it throws is thrown here, with its `type`. */
  async call(name, ...args) {
    const { result, error } = await (await this.fetch(`/functions/${name}`, json("POST", args))).json();
    if (error) throw Object.assign(new Error(error.message), error);
    return result;
  }
}
