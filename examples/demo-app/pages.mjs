// The pages. A page gets the visitor's identity as the gate told it, or null.

import { html } from "./html.mjs";

export function homePage(identity) {
  const greeting = identity
    ? html`
        <h1>Welcome back, ${name(identity)}</h1>
        <p class="lead">This app has no session code. The gate told it who you are.</p>
        <p class="actions">
          <a class="button" href="/me">Your account</a>
          <a class="button quiet" href="/notes">Your notes</a>
        </p>
      `
    : html`
        <h1>Hello, visitor</h1>
        <p class="lead">This app has no session code. Log in, and the gate in front of it remembers you.</p>
        <p class="actions">
          <a class="button" href="/login">Log in</a>
          <a class="button quiet" href="/me">Try a protected page</a>
        </p>
      `;
  return page(
    { title: "Home", path: "/", visitor: signedInOrNot(identity) },
    html`
    ${greeting}
    <h2>What to try</h2>
    <ol class="steps">
      <li>Log in with any name, here and in a private window.</li>
      <li>See both under <a href="/auth/sessions">your devices</a>, and end one from the other.</li>
      <li>Open <a href="/clock">the clock</a> in one tab, log out in another, and watch it stop.</li>
      <li>Log out in one tab, then reload a protected page in another: it asks you to log in.</li>
    </ol>
  `,
  );
}

/** @param {{ identity: any, returnTo: string, problem?: string, provider?: string }} form */
export function loginPage({ identity, returnTo, problem, provider }) {
  return page(
    { title: "Log in", path: "/login", visitor: signedInOrNot(identity) },
    html`
    <h1>Log in</h1>
    <p class="lead">Any name will do: this demo has no passwords.</p>
    ${identity && html`<p>You are ${name(identity)} now. Logging in again replaces this session.</p>`}
    <form class="card" method="post" action="/login">
      <label for="user">Your name</label>
      <input id="user" name="user" required maxlength="256" autocomplete="username" autocapitalize="none" spellcheck="false"
        ${problem && html`aria-invalid="true" aria-describedby="problem"`}>
      ${problem && html`<p class="problem" id="problem" role="alert">${problem}</p>`}
      <input type="hidden" name="return_to" value="${returnTo}">
      <button class="button">Log in</button>
    </form>
    ${provider && html`<p><a class="button quiet" href="${atProvider(provider, returnTo)}">Sign in with the demo provider</a></p>`}
  `,
  );
}

/** The gate's own login, which goes to an identity provider and comes back to `returnTo`. */
function atProvider(provider, returnTo) {
  return `/auth/login?${new URLSearchParams({ provider, return_to: returnTo })}`;
}

export function mePage(identity) {
  return page(
    { title: "Your account", path: "/me", visitor: signedInOrNot(identity) },
    html`
    <h1>You are ${name(identity)}</h1>
    <p class="lead">This app has no session code. The gate told it who you are.</p>
    <dl class="card">
      <div><dt>User id</dt><dd>${name(identity)}</dd></div>
      <div><dt>Session handle</dt><dd><code>${short(identity.handle)}</code></dd></div>
      <div><dt>Access token good until</dt><dd>${moment(identity.tokenExpiresAt)}</dd></div>
    </dl>
    <div class="actions">
      <a class="button" href="/auth/sessions">Your devices</a>
      <a class="button quiet" href="/logout">Log out</a>
      <form method="post" action="/logout">
        <input type="hidden" name="scope" value="all">
        <button class="button quiet">Log out everywhere</button>
      </form>
    </div>
  `,
  );
}

export function notesPage(identity) {
  return page(
    { title: "Your notes", path: "/notes", visitor: signedInOrNot(identity) },
    html`
    <h1>Notes of ${name(identity)}</h1>
    <p class="lead">A protected page: without a session this request never reaches the app.</p>
    <ul class="card notes">
      <li>The check is made on each request, so a session that was ended elsewhere is over at once.</li>
      <li>When the access token expires, the gate renews it on the way. Nobody notices.</li>
      <li>After logging out, the back button shows nothing of this page.</li>
    </ul>
  `,
  );
}

export function aboutPage() {
  return page(
    { title: "About", path: "/about", visitor: NOBODY_ASKED },
    html`
    <h1>About</h1>
    <p class="lead">This page is the same for everyone: its rule is <code>session = "none"</code>.</p>
    <p>The gate does not look for a session here and tells the app nothing about you. The other pages have these rules:</p>
    <table class="card">
      <thead><tr><th scope="col">Path</th><th scope="col">Session</th><th scope="col">Meaning</th></tr></thead>
      <tbody>
        <tr><td><code>/</code>, <code>/login</code></td><td>optional</td><td>open, and the app learns who you are</td></tr>
        <tr><td><code>/about</code>, <code>/assets/*</code></td><td>none</td><td>open, and nobody is asked</td></tr>
        <tr><td>all others</td><td>required</td><td>the gate sends you to the login page first</td></tr>
      </tbody>
    </table>
  `,
  );
}

export function notFoundPage(identity) {
  return page(
    { title: "Not found", visitor: signedInOrNot(identity) },
    html`
    <h1>Not found</h1>
    <p class="lead">There is no such page. <a href="/">Go to the start</a>.</p>
  `,
  );
}

/**
 * @param {{ title: string, path?: string, visitor: unknown }} head
 * @param {unknown} content
 */
export function page({ title, path, visitor }, content) {
  return html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · Demo app</title>
  <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/assets/style.css">
</head>
<body>
  <header>
    <a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="28" height="28">Demo app</a>
    <nav aria-label="Main">${LINKS.map(([to, text]) => link(to, text, path))}</nav>
    <p class="visitor">${visitor}</p>
  </header>
  <main>${content}</main>
</body>
</html>
`;
}

function link(to, text, current) {
  return html`<a href="${to}" ${to === current && html`aria-current="page"`}>${text}</a>`;
}

export function signedInOrNot(identity) {
  return identity ? html`${name(identity)} <a href="/logout">Log out</a>` : html`<a href="/login">Log in</a>`;
}

/** A name may be written in either direction and must not turn the text around it. */
function name({ user }) {
  return html`<bdi class="name">${user}</bdi>`;
}

function short(handle) {
  return `${handle.slice(0, 6)}…${handle.slice(-6)}`;
}

function moment(date) {
  return html`<time datetime="${date.toISOString()}">${MOMENT.format(date)} UTC</time>`;
}

const LINKS = [
  ["/me", "Account"],
  ["/notes", "Notes"],
  ["/about", "About"],
];

const NOBODY_ASKED = "";

const MOMENT = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });
