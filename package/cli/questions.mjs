// Questions on a terminal, or answers from a pipe: one line each.

import { createInterface } from "node:readline/promises";

/** Asks until `close`. Lines that come before their question wait for it. */
export function questions() {
  const lines = createInterface({ input: process.stdin });
  const iterator = lines[Symbol.asyncIterator]();

  /**
   * One answer; an empty one is the default. What `read` refuses, by an error, is asked again.
   * @template T
   * @param {string} question
   * @param {string} fallback
   * @param {(answer: string) => T} read
   */
  async function ask(question, fallback, read) {
    for (;;) {
      process.stdout.write(`${question} [${fallback}] `);
      const { value, done } = await iterator.next();
      if (done) throw new Error("the answers have ended: give the rest as options, or `--yes` for the defaults");
      try {
        return read(value.trim() || fallback);
      } catch (error) {
        console.log(error.message);
      }
    }
  }

  /**
   * One of several, by its number or its name.
   * @param {string} question
   * @param {Record<string, string>} choices what each means, by its name; the first is the default
   */
  function choose(question, choices) {
    const names = Object.keys(choices);
    const list = names.map((name, at) => `  ${at + 1}  ${choices[name]}`).join("\n");
    return ask(`${question}\n${list}\n`, "1", (answer) => {
      const name = names[Number(answer) - 1] ?? names.find((name) => name === answer);
      if (name === undefined) throw new Error(`a number from 1 to ${names.length}`);
      return name;
    });
  }

  return { ask, choose, close: () => lines.close() };
}
