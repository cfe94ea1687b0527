// What is really on the disk under the objects, read past the gate and its code.

import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

// Node 20 has no SQLite of its own. Opened read-only: looking must not change what is looked at.
const READER = `
import base64, json, sqlite3, sys

def encoded(value):
    raw = value if isinstance(value, bytes) else str(value).encode()
    return base64.b64encode(raw).decode()

def contents(path):
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    own = [name for name in names if not name.startswith(("_cf_", "sqlite_"))]
    return {
        name: [[encoded(value) for value in row] for row in database.execute(f'SELECT * FROM "{name}"')]
        for name in own
    }

print(json.dumps([contents(path) for path in sys.argv[1:]]))
`;

/** A folder for the objects of one gate. */
export const storageFolder = () => mkdtemp(join(tmpdir(), "session-gate-storage-"));

/** How many rows each table of each object's database has; databases without tables are left out. */
export async function storedTables(folder) {
  const databases = await contentsOf(folder);
  const counted = databases.map((tables) => Object.entries(tables).map(([name, rows]) => [name, rows.length]));
  return counted.filter((tables) => tables.length > 0).map(Object.fromEntries);
}

/** Every value in every row of every object, as bytes. */
export async function storedValues(folder) {
  const rows = (await contentsOf(folder)).flatMap(Object.values).flat();
  return rows.flat().map((value) => Buffer.from(value, "base64"));
}

async function contentsOf(folder) {
  const files = await filesIn(folder);
  const databases = files.filter((path) => path.endsWith(".sqlite") && !path.endsWith("metadata.sqlite"));
  const { stdout } = await run("python3", ["-c", READER, ...databases]);
  return JSON.parse(stdout);
}

/** Everything that the storage holds, as one string of bytes. */
export async function storedBytes(folder) {
  const contents = await Promise.all((await filesIn(folder)).map((path) => readFile(path)));
  return Buffer.concat(contents);
}

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.path, entry.name));
}
