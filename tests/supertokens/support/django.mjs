// Starts django_app in its own Python, and speaks to it as its visitors do.

import { API_KEY } from "../../support/gate.mjs";
import { startProcess } from "../../support/process.mjs";
import { pythonEnvironment } from "../../support/python.mjs";
import { inRepository } from "../../support/repository.mjs";
import { App } from "./app.mjs";

const APP = inRepository("tests/supertokens/django_app");

/** An application whose core is at `connectionURI`, ended with the test `t`. */
export async function djangoFor(t, { connectionURI }) {
  const python = await pythonEnvironment(`${APP}/requirements.txt`);
  const { match, stop } = await startProcess(
    python,
    ["-m", "uvicorn", "app:application", "--host", "127.0.0.1", "--port", "0"],
    {
      cwd: APP,
      env: { ...process.env, CONNECTION_URI: connectionURI, API_KEY, PYTHONDONTWRITEBYTECODE: "1" },
      ready: /Uvicorn running on http:\/\/127\.0\.0\.1:(\d+)/,
    },
  );
  t.after(stop);
  return new DjangoApp(`http://localhost:${match[1]}`);
}

class DjangoApp extends App {
  /** The JSON that a path answers. */
  async ask(path, init) {
    return (await this.fetch(path, init)).json();
  }
}
