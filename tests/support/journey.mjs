// A user's whole way, from the first login to the last logout, told as what the browser heard.

import { ACCESS, expiredIn, logout, presenting, refreshSession, tokensIn, visit } from "./session.mjs";

/**
 * Each step with the status, the refresh token that came (by when it was first seen) and whether the
 * cookies were cleared: the same for two gates that do the same. `between` is done before each step.
 */
export async function journey(gate, user, between = async () => {}) {
  const seen = new Map();
  const heard = [];
  const nameOf = (token) => {
    if (token !== undefined && !seen.has(token)) seen.set(token, seen.size);
    return seen.get(token);
  };
  const step = async (what, request) => {
    await between();
    const response = await request();
    const { refresh } = tokensIn(response);
    heard.push([what, response.status, nameOf(refresh), expiredIn(response).includes(ACCESS)]);
    return tokensIn(response);
  };
  const enter = () => gate.fetch(`/login?user=${user}`, { method: "POST" });
  const control = (query, tokens) => gate.fetch(`/control?${query}`, { headers: presenting(tokens) });

  const first = await step("login", enter);
  const other = await step("login elsewhere", enter);
  await step("check", () => visit(gate, first));
  const child = await step("renewal", () => refreshSession(gate, first));
  await step("renewal, again", () => visit(gate, { refresh: first.refresh }));
  await step("first use", () => visit(gate, child));
  await step("late tab", () => visit(gate, { refresh: first.refresh }));
  const grandchild = await step("next renewal", () => refreshSession(gate, child));
  await step("its first use", () => refreshSession(gate, grandchild));
  await step("payload", () => control('payload={"a":1}', { access: child.access }));
  await step("devices", () => gate.fetch("/auth/sessions", { headers: presenting(other) }));
  await step("others", () => logout(gate, other, { path: "/logout?scope=others" }));
  await step("the one that ended", () => visit(gate, grandchild));
  const third = await step("login again", enter);
  const thirdChild = await step("renewal there", () => refreshSession(gate, third));
  await step("renewal of the child", () => refreshSession(gate, thirdChild));
  const fourth = await step("login of a victim", enter);
  const fifth = await step("renewal of the victim", () => refreshSession(gate, fourth));
  const sixth = await step("the victim goes on", () => refreshSession(gate, fifth));
  await step("and on", () => refreshSession(gate, sixth));
  await step("theft", () => refreshSession(gate, fourth));
  await step("the victim", () => visit(gate, sixth));
  await step("logout", () => logout(gate, thirdChild));
  await step("logout again", () => logout(gate, thirdChild));
  await step("everywhere", () => logout(gate, other, { path: "/logout/all" }));
  await step("afterwards", () => visit(gate, other));
  return heard;
}
