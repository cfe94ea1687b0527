// TypeScript's view of a JSON Schema: an interface for each of its definitions.

/**
 * @typedef {{
 *   $ref?: string,
 *   anyOf?: Schema[],
 *   const?: unknown,
 *   enum?: unknown[],
 *   type?: string | string[],
 *   items?: Schema,
 *   required?: string[],
 *   properties?: Record<string, Schema>,
 *   additionalProperties?: boolean | Schema,
 *   description?: string,
 *   default?: unknown,
 * }} Schema
 */

/** @param {Record<string, Schema>} definitions */
export function interfacesOf(definitions) {
  return Object.entries(definitions)
    .map(([name, schema]) => `/** ${schema.description} */\nexport ${declaration(name, schema)}`)
    .join("\n\n");
}

function declaration(name, schema) {
  return schema.properties === undefined
    ? `type ${name} = ${typeOf(schema)};`
    : `interface ${name} {\n${members(schema)}\n}`;
}

function members({ properties, required = [] }) {
  return Object.entries(properties)
    .map(([name, schema]) => `${comment(schema)}  ${name}${required.includes(name) ? "" : "?"}: ${typeOf(schema)};`)
    .join("\n");
}

function comment({ description, default: value }) {
  if (description === undefined) return "";
  const otherwise = value === undefined ? "" : ` Default: \`${JSON.stringify(value)}\`.`;
  return `  /** ${description}${otherwise} */\n`;
}

/** @param {Schema} schema */
function typeOf(schema) {
  if (schema.$ref !== undefined) return schema.$ref.split("/").at(-1);
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  return [schema.type ?? "unknown"]
    .flat()
    .map((type) => named(type, schema))
    .join(" | ");
}

/** @param {string} type @param {Schema} schema */
function named(type, { items = {}, additionalProperties }) {
  if (type === "integer") return "number";
  if (type === "array") return `readonly (${typeOf(items)})[]`;
  if (type === "object") return `Readonly<Record<string, ${typeOf(Object(additionalProperties))}>>`;
  return type;
}
