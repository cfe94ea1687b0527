// Who is there. The gate has already decided it: the application only reads what it says.

/** The signed-in visitor of this request, or null. */
export function identityOf(request) {
  const user = request.headers.get("Gate-User");
  if (user === null) return null;
  return {
    // Percent-encoded, because a header cannot carry every user id as it is.
    user: decodeURIComponent(user),
    handle: request.headers.get("Gate-Session"),
    tokenExpiresAt: new Date(claimsOf(request.headers.get("Gate-Token")).exp * 1000),
  };
}

/** The response header with which the application tells the gate who has just logged in. */
export function createSession(userId) {
  return { "Gate-Create-Session": asciiJson({ userId }) };
}

/** Not verified again: only the gate can set this header. */
function claimsOf(token) {
  const payload = token.split(".")[1];
  return JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(payload, { alphabet: "base64url" })));
}

function asciiJson(value) {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
