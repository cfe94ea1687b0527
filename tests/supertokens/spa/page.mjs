// The script of the page: the unmodified browser SDK, told in the address where its API is.

import Session from "supertokens-website";

const { api, mode } = Object.fromEntries(new URLSearchParams(location.search));

globalThis.Session = Session;
globalThis.events = [];

Session.init({
  apiDomain: api,
  tokenTransferMethod: /** @type {"cookie" | "header"} */ (mode),
  onHandleEvent: ({ action }) => globalThis.events.push(action),
});
