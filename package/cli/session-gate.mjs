#!/usr/bin/env node
// The command `session-gate`. It needs Node alone: arguments, questions and requests are Node's own (`node:util`,
// `node:readline`, `fetch`), so that `npx session-gate` has one package to install.

import { readFileSync } from "node:fs";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

const USAGE = `session-gate ${version}

  session-gate init [folder]     makes a project: a gate in front of an application
  session-gate secret            prints a fresh secret, for GATE_SECRET or API_KEYS
  session-gate doctor <address>  checks a gate from outside
  session-gate dev               runs the project in this folder on this machine (\`npm start\`)

\`session-gate <command> --help\` says more.`;

/** Loaded when they are asked for. */
const COMMANDS = {
  init: async () => (await import("./init.mjs")).init,
  secret: async () => (await import("./secret.mjs")).secret,
  doctor: async () => (await import("./doctor.mjs")).doctor,
  dev: async () => (await import("./dev.mjs")).dev,
};

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 2;
}

/** @param {string[]} words */
/** @param {string[]} words */
async function main([command, ...args]) {
  if (command === "--version" || command === "-v") return console.log(version);
  if (command === undefined || command === "--help" || command === "-h") return console.log(USAGE);
  if (!Object.hasOwn(COMMANDS, command)) throw new Error(`there is no command ${command}\n\n${USAGE}`);
  const run = await COMMANDS[command]();
  await run(args);
}
