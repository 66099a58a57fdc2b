/** The pages. What people or others have written goes in as text, never as markup. */

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (text) => String(text).replace(/[&<>"']/g, (sign) => ENTITIES[sign]);

/** Escapes what is put in, unless it is a list of pieces that were made here. */
function html(pieces, ...values) {
  const text = (value) => (Array.isArray(value) ? value.map(text).join('') : value instanceof Markup ? value.text : escape(value ?? ''));
  return new Markup(pieces.reduce((made, piece, index) => made + text(values[index - 1]) + piece));
}

class Markup {
  constructor(text) {
    this.text = text;
  }
}

const form = (action, token, inside) =>
  html`<form method="post" action="${action}"><input type="hidden" name="form_token" value="${token}">${inside}</form>`;

function page({ title, user, token }, body) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header class="bar">
<a class="brand" href="/"><img src="/icon.svg" alt="" width="28" height="28">Dragons, with sessions</a>
<nav aria-label="Pages"><a href="/">Home</a> <a href="/profile">Profile</a></nav>
<div class="account">${
    user
      ? html`<span id="who">${user.name ?? user.email ?? user.sub}</span>${form('/logout', token, html`<button id="sign-out" class="button quiet">Sign out</button>`)}`
      : html`<a id="sign-in" class="button" href="/login">Sign in</a>`
  }</div>
</header>
<main>
${body}
</main>
</body>
</html>`.text;
}

export function home({ user, token, favourite, dragons }) {
  const choice = (name) => html`<option${name === favourite ? html` selected` : ''}>${name}</option>`;
  const choose = html`<label for="favourite">Favourite</label><select id="favourite" name="favourite">${dragons.map(choice)}</select><button class="button">Keep</button>`;
  const body = user
    ? html`<section class="card"><h2>Your favourite dragon</h2><p id="kept">${favourite ?? 'None yet'}</p>${form('/favourite', token, choose)}</section>`
    : html`<section class="card"><p>Sign in to choose a favourite dragon.</p></section>`;
  const lead = 'Pages made on the server and a session cookie; no script, and no token in the browser.';
  return page({ title: 'Dragons, with sessions', user, token }, html`<h1>A register of dragons</h1><p class="lead">${lead}</p>${body}`);
}

export function profile({ user, token }) {
  const claims = Object.entries(user).map(([name, value]) => html`<dt>${name.replaceAll('_', ' ')}</dt><dd>${inWords(name, value)}</dd>`);
  return page({ title: 'Profile · Dragons', user, token }, html`<h1>Profile</h1><p class="lead">What Symbolon said about you when you signed in.</p><dl class="claims">${claims}</dl>`);
}

export const problem = (text, { user, token }) =>
  page({ title: 'Not signed in · Dragons', user, token }, html`<h1>That did not work</h1><p class="alert" role="alert">${text}</p><p><a href="/login">Try again</a></p>`);

function inWords(name, value) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (name.endsWith('_at')) return new Date(value * 1000).toUTCString(); // seconds since the epoch
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
