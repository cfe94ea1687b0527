// The path at which the echo origin gives an answer of the test's own making.

/**
 * `headers` are lines such as "Set-Cookie: a=1"; `base64` is a body of any bytes.
 * @param {{ at?: string, status?: number | string, headers?: string[], body?: string, base64?: string }} [parts]
 */
export function answer({ at = "/answer", status, headers = [], body, base64 } = {}) {
  const given = Object.entries({ status, body, base64 }).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(
    [...given, ...headers.map((line) => ["header", line])].map(([name, text]) => [name, String(text)]),
  );
  return `${at}?${query}`;
}
