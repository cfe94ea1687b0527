// The real object, which also tells a test about the isolate that it shares with the gate: whether it is still the
// same, and whether its Wasm instance was made anew, which is what follows a panic.

import { UserSessions as Real } from "./index.js";

let life;
let rebuilt = 0;

// The first instance was made when `index.js` was loaded, before this line.
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, given) {
    rebuilt += 1;
    return Reflect.construct(target, given);
  },
});

export class UserSessions extends Real {
  fetch(request) {
    if (request.headers.has("gate-command")) return super.fetch(request);
    life ??= crypto.randomUUID();
    return Response.json({ life, rebuilt });
  }
}
