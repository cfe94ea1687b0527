// The JSON schema of the package, as an editor uses it: beside wrangler's own.

import Ajv from "ajv";
import { textOf } from "./repository.mjs";

const json = async (path) => JSON.parse(await textOf(path));

/** What is wrong with a configuration, one line each; `settings` are the gate's variables alone. */
export async function wranglerSchema() {
  const ajv = new Ajv.default({ strict: false, allErrors: true });
  const gates = await json("package/wrangler.schema.json");
  ajv.addSchema({
    ...(await json("node_modules/wrangler/config-schema.json")),
    $id: at("wrangler/config-schema.json"),
  });
  const whole = ajv.compile({ ...gates, $id: at("session-gate/wrangler.schema.json") });
  const settings = ajv.compile({ $ref: `${at("session-gate/wrangler.schema.json")}#/definitions/Settings` });
  return { wrongIn: errorsBy(whole), wrongInSettings: errorsBy(settings), definitions: gates.definitions };
}

const at = (path) => `file:///node_modules/${path}`;

const errorsBy = (validate) => (value) =>
  validate(value) ? [] : validate.errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
