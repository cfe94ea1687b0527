// What a library says on the console while it starts, and nobody needs to read in the output of tests.

const silent = () => {};

/** Runs `start` without what it writes to the console as a notice or a warning, and returns what it comes to. */
export async function quietly(start) {
  const { info, warn } = console;
  Object.assign(console, { info: silent, warn: silent });
  try {
    return await start();
  } finally {
    Object.assign(console, { info, warn });
  }
}
