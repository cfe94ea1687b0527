// What Rust's futures are driven with. The platform's own `queueMicrotask` prepares for a callback that throws, at ten
// times the price of a promise's reaction; ours never throws but to end the instance.

/** @param {() => void} task */
export const queueMicrotask = (task) => {
  Promise.resolve().then(task);
};
