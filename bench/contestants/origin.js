// The application behind every contestant: a constant answer. On one path it says who logged in, in the words of the
// gate; on two others it gives and takes bodies.

const CHUNK = new Uint8Array(1024 * 1024);
const CHUNKS = 64;

export default {
  fetch(request) {
    const { url } = request;
    if (request.method === "POST" || url.endsWith("/download")) return exceptional(request, url);
    return new Response("the application");
  },
};

function exceptional(request, url) {
  if (url.endsWith("/download")) return new Response(megabytes());
  if (url.endsWith("/upload")) return taken(request);
  const session = { userId: new URL(url).searchParams.get("user") };
  return new Response("signed in", { headers: { "Gate-Create-Session": JSON.stringify(session) } });
}

function megabytes() {
  const { readable, writable } = new FixedLengthStream(CHUNKS * CHUNK.length);
  write(writable.getWriter());
  return readable;
}

async function write(writer) {
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) await writer.write(CHUNK);
  await writer.close();
}

// As a whole: reading piece by piece in JavaScript would cost more than everything before it.
async function taken(request) {
  const { byteLength } = await request.arrayBuffer();
  return new Response(String(byteLength), { status: byteLength === CHUNKS * CHUNK.length ? 200 : 400 });
}
