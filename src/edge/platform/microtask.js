// Replaces `queueMicrotask` for Rust's futures: a promise's reaction costs a tenth. The platform's own prepares for a
// callback that throws; ours throws only where the Wasm instance aborts.

/** @param {() => void} task */
export const queueMicrotask = (task) => {
  Promise.resolve().then(task);
};
