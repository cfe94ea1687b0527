// Breaks the gate's Wasm instance when a request says how. It stands behind isolate-witness.js, in the same module.

import gate from "./index.js";

/** More bytes than an instance can ever have: asked for room for them, it traps. */
const TOO_MANY = 2 ** 31;

const serve = gate.fetch;

gate.fetch = (request, env, context) => {
  BREAKS[request.headers.get("test-break")]?.(env);
  return serve(request, env, context);
};

const BREAKS = {
  // What the runtime reports when nobody catches it.
  reported: () => report(new WebAssembly.RuntimeError("unreachable")),
  "another's": () => report(new Error("not the gate's")),
  // The head of a request is the first text that is copied into the instance.
  "at once": () => nextCall(TextEncoder.prototype, "encodeInto", { written: TOO_MANY }),
  // The name of an object is asked for once the origin has answered.
  later: ({ SESSIONS }) => nextCall(Object.getPrototypeOf(SESSIONS.newUniqueId()), "toString", { length: TOO_MANY }),
};

function report(error) {
  dispatchEvent(Object.assign(new Event("error"), { error }));
}

/** The next call of this method, and no other, returns `lie`. */
function nextCall(target, name, lie) {
  const truth = target[name];
  target[name] = () => {
    target[name] = truth;
    return lie;
  };
}
