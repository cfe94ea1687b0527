// An origin that answers when it is told to, with the headers that the query says: `/held?id=…`, held until
// `/release?id=…`, which may be asked once `/reached?id=…` has answered.

const reached = new Set();
const released = new Set();

export default {
  async fetch(request) {
    const { pathname, searchParams: query } = new URL(request.url);
    const id = query.get("id");
    if (pathname === "/login") {
      return new Response("", { headers: { "Gate-Create-Session": JSON.stringify({ userId: query.get("user") }) } });
    }
    if (pathname === "/reached") await until(() => reached.has(id));
    else if (pathname === "/release") released.add(id);
    else if (id !== null) {
      reached.add(id);
      await until(() => released.has(id));
    }
    return new Response("late", { headers: JSON.parse(query.get("headers") ?? "{}") });
  },
};

// Looked at again and again: a promise of one request must not be awaited in another.
async function until(holds) {
  while (!holds()) await scheduler.wait(10);
}
