// `npm run package`: the npm package `session-gate`, as a tarball in the root of the repository. What is installed
// from it needs no Rust. Everything but the build, the licences and the version is in package/.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildIn, SCRIPT, stamped, WASM } from "../package/cli/provenance.mjs";
import { build } from "./build.mjs";
import { locked } from "./lock.mjs";
import { thirdPartyNotices } from "./notices.mjs";
import { main, output, ROOT, run, Stop, say } from "./run.mjs";
import { interfacesOf } from "./types.mjs";

const FOLDER = join(ROOT, "target", "package");
const MAX_BYTES = 1_500_000;

/** Makes the tarball in `place`; returns its path. */
export async function makePackage(place = ROOT) {
  await build();
  return locked(`${FOLDER}.lock`, () => assembled(place));
}

async function assembled(place) {
  say("packing session-gate");
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  cpSync(join(ROOT, "package"), FOLDER, { recursive: true });
  for (const file of ["LICENSE", "CHANGELOG.md"]) cpSync(join(ROOT, file), join(FOLDER, file));
  const version = writeManifest();
  writeBuild(version);
  writeTypes();
  await bundleLibraries();
  writeFileSync(join(FOLDER, "THIRD-PARTY-NOTICES.txt"), thirdPartyNotices());
  return pack(place);
}

/** The version is that of the gate; who needs another one changes package.json and Cargo.toml. */
function writeManifest() {
  const { version, engines, devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const [, compatibilityDate] = /^compatibility_date = "(.+)"$/m.exec(
    readFileSync(join(ROOT, "wrangler.toml"), "utf8"),
  );
  // What `init` writes into a project is what the package is tested with.
  const tested = { wrangler: devDependencies.wrangler, compatibilityDate };
  const file = join(FOLDER, "package.json");
  const manifest = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, `${JSON.stringify({ ...manifest, version, engines, tested }, null, 2)}\n`);
  return version;
}

/** The command needs nothing but itself: what it takes from npm is put into its own files. */
async function bundleLibraries() {
  const settings = join(FOLDER, "cli", "doctor", "settings.mjs");
  const options = ["--bundle", "--platform=node", "--format=esm", "--external:./finding.mjs", "--log-level=warning"];
  const source = join(ROOT, "package", "cli", "doctor", "settings.mjs");
  const esbuild = join(ROOT, "node_modules", ".bin", "esbuild");
  await run(esbuild, [source, ...options, `--outfile=${settings}`, "--allow-overwrite"]);
}

/** The settings are described once, in the schema. */
function writeTypes() {
  const { definitions } = JSON.parse(readFileSync(join(FOLDER, "wrangler.schema.json"), "utf8"));
  const file = join(FOLDER, "index.d.ts");
  writeFileSync(file, `${readFileSync(file, "utf8")}\n${interfacesOf(definitions)}\n`);
}

function writeBuild(version) {
  const { id, script, wasm } = stamped(read(SCRIPT).toString(), read(WASM));
  writeFileSync(join(FOLDER, SCRIPT), script);
  writeFileSync(join(FOLDER, WASM), wasm);
  if (buildIn(FOLDER) !== id) throw new Stop("the package does not know its own build");
  const provenance = {
    build: id,
    version,
    commit: output("git", ["rev-parse", "HEAD"]) ?? null,
    changed: output("git", ["status", "--porcelain"]) !== "",
    sources: read("sources").toString().split("\n")[0],
    sha256: { [SCRIPT]: sha256(script), [WASM]: sha256(wasm) },
  };
  writeFileSync(join(FOLDER, "provenance.json"), `${JSON.stringify(provenance, null, 2)}\n`);
}

function pack(place) {
  const list = output("npm", ["pack", "--json", "--ignore-scripts", `--pack-destination=${place}`, FOLDER]);
  if (list === undefined) throw new Stop("`npm pack` failed");
  const [{ filename }] = Object.values(JSON.parse(list));
  const tarball = join(place, filename);
  const { size } = statSync(tarball);
  if (size > MAX_BYTES) throw new Stop(`${filename} has ${size} bytes, the limit is ${MAX_BYTES}`);
  return tarball;
}

const read = (name) => readFileSync(join(ROOT, "build", name));
const sha256 = (content) => createHash("sha256").update(content).digest("hex");

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => console.log(await makePackage()));
}
