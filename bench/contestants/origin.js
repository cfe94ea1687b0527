// The application behind every contestant: a constant answer. On one path it says who logged in,
// in the words of the gate.

export default {
  fetch(request) {
    const { url } = request;
    const login = url.indexOf("/login?user=");
    if (login < 0) return new Response("the application");
    const session = { userId: url.slice(login + "/login?user=".length) };
    return new Response("signed in", { headers: { "Gate-Create-Session": JSON.stringify(session) } });
  },
};
