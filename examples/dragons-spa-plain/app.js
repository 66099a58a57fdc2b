/**
 * The sample app: sign in, a guarded page, two calls to an API, sign out. No framework and no build step.
 *
 * What an app of your own needs is in the first forty lines; the rest shows things.
 */

const { issuer, clientId, api } = await fetch('./config.json').then((response) => response.json());
const { createAuth } = await import(`${issuer}/sdk/v1/symbolon.js`).catch((error) => {
  tell(`Symbolon does not answer at ${issuer}. Is it running?`);
  throw error;
});

const auth = createAuth({ issuer, clientId, apis: { [api]: { scope: 'read:dragons' } } });

await auth.start(); // finishes a sign-in, or restores one; leaves the page if it has to ask Symbolon
auth.subscribe(show);
auth.on('error', ({ error }) => tell(explain(error)));
auth.on('signed-out', () => (location.hash = '#/')); // here or in another tab: leave guarded pages

guard();
window.addEventListener('hashchange', () => {
  guard();
  show(auth.state);
  element('main').focus();
});

/** Signs in before showing the profile, and comes back to it. */
function guard() {
  if (route() === 'profile' && auth.state.status === 'signed-out' && !auth.state.error) listenTo(auth.login());
}

element('skip').addEventListener('click', (event) => {
  event.preventDefault(); // its hash is no route
  element('main').focus();
});
listen('sign-in', () => auth.login());
listen('sign-out', () => auth.logout());
listen('load-dragons', () => load('dragons', ({ name, kind, length }) => [`${name}, ${kind}`, `${length} m`]));
listen('load-orders', () => load('orders', ({ item, quantity }) => [item, `× ${quantity}`]));

/** Calls the API and lists what it answers; a refusal is an answer too. */
async function load(what, row) {
  const list = element(what);
  list.replaceChildren('Loading…');
  const response = await auth.fetch(`${api}/api/${what}`).catch(() => undefined);
  if (response?.ok) return list.replaceChildren(table((await response.json()).map(row)));
  const reasons = { 401: 'Sign in first: the API wants to know who asks.', 403: 'You are signed in, but this is not for you.' };
  const reason = reasons[response?.status] ?? `The API gave no answer${response ? ` (status ${response.status})` : ''}.`;
  list.replaceChildren(create('p', { className: 'refusal', textContent: reason }));
}

/** Draws one state. Everything from outside goes in as text, never as markup. */
function show({ status, user, expiresAt, error }) {
  const signedIn = status === 'signed-in';
  const page = signedIn ? route() : 'home';
  element('home').hidden = page !== 'home';
  element('profile').hidden = page !== 'profile';
  element('sign-in').hidden = signedIn;
  element('sign-out').hidden = !signedIn;
  element('who').hidden = !signedIn;
  element('who').textContent = user?.name ?? user?.email ?? user?.sub ?? '';
  if (!signedIn) for (const result of ['dragons', 'orders']) element(result).replaceChildren();
  for (const link of document.querySelectorAll('nav a'))
    link.ariaCurrent = link.hash === (page === 'profile' ? '#/profile' : '#/') ? 'page' : 'false';
  tell(error ? explain(error) : '');
  if (signedIn) {
    const time = element('expires');
    time.dateTime = new Date(expiresAt).toISOString();
    time.textContent = new Date(expiresAt).toLocaleTimeString();
    element('claims').replaceChildren(...Object.entries({ ...user, roles: auth.state.roles }).flatMap(claim));
  }
}

function claim([name, value]) {
  let text = Array.isArray(value) ? value.join(', ') || 'none' : typeof value === 'object' ? JSON.stringify(value) : value;
  if (typeof value === 'boolean') text = value ? 'yes' : 'no';
  if (name.endsWith('_at')) text = new Date(value * 1000).toLocaleString(); // seconds since the epoch
  return [create('dt', { textContent: name.replaceAll('_', ' ') }), create('dd', { textContent: String(text) })];
}

function table(rows) {
  const cells = (row) => row.map((text) => create('td', { textContent: text }));
  return create('table', {}, [create('tbody', {}, rows.map((row) => create('tr', {}, cells(row))))]);
}

/** Words for the person; the code is for whoever runs the app. */
function explain({ code, hint }) {
  const words = {
    access_denied: 'You said no, so nobody is signed in.',
    login_required: 'Sign in first.',
    network: auth.user
      ? 'Symbolon cannot be reached at the moment. You stay signed in, and this page keeps trying.'
      : 'Symbolon cannot be reached at the moment. Reload to try again.',
    unknown_state: 'That sign-in is finished already. Sign in again if you like.',
  };
  return words[code] ?? `Signing in did not work (${code}). ${hint}`;
}

function tell(text) {
  element('waiting').hidden = true;
  element('problem').hidden = text === '';
  element('problem').textContent = text;
}

function listen(id, action) {
  element(id).addEventListener('click', () => listenTo(action()));
}

function listenTo(promise) {
  promise.catch((error) => tell(explain(error)));
}

function route() {
  return location.hash === '#/profile' ? 'profile' : 'home';
}

function element(id) {
  return document.getElementById(id);
}

function create(name, properties, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
