/**
 * A page of somebody else against the session that a browser has at the issuer: forms, images and requests to each page that changes
 * something, with what the stranger knows from a session and a sign-in of their own. Against tokens in cookies: cookie.test.js.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launchWhole, profile, signIn } from './support/browser.js';
import { ADMIN, Server } from './support/server.js';
import { forms, Visitor } from './support/visitor.js';

const EVE = { email: 'eve@example.test', name: 'Eve', password: 'a very different password' };

let server, browser, eve;
/** By kind: a page of another site, and one of another port of this host, which browsers take for the same site. */
const strangers = {};

before(async () => {
  server = await Server.start();
  browser = await launchWhole();
  for (const [kind, host] of [['another site', '127.0.0.1'], ['a sibling', 'localhost']]) {
    const listener = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>Prizes</title><link rel="icon" href="data:,">'));
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    strangers[kind] = { listener, origin: `http://${host}:${listener.address().port}` };
  }
  await server.addUser(EVE.email, EVE.name, EVE.password);
  eve = await knowledge();
});
after(async () => {
  await browser?.close();
  for (const { listener } of Object.values(strangers)) {
    listener.closeAllConnections();
    listener.close();
  }
  await server?.stop();
});

const question = () => {
  const pkce = { code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
  const query = { response_type: 'code', client_id: 'dragons-spa', redirect_uri: `${server.app}/`, scope: 'openid', state: 's', ...pkce };
  return `${server.issuer}/authorize?${new URLSearchParams(query)}`;
};

/** The hidden fields of the stranger's own forms: a sign-in that only wants its password, and those of their account. */
async function knowledge() {
  const hidden = (page, path) => forms(page).find(({ action }) => new URL(action).pathname === path).hidden;
  const visitor = new Visitor();
  const form = await visitor.get(question());
  const login = hidden(form, '/login');
  await visitor.submit(form, '/login', { username: EVE.email, password: EVE.password }, { stop: (url) => url.startsWith(server.app) });
  const account = {};
  for (const part of ['profile', 'password', 'sessions']) {
    const page = await visitor.get(`${server.issuer}/account/${part}`);
    account[part] = hidden(page, `/account/${part}`);
    assert.ok(account[part].csrf, `${part}: the stranger knows their own`);
  }
  return { login, account };
}

/** What is sent, and where to. */
const attempts = () => [
  ['/login', { ...eve.login, username: EVE.email, password: EVE.password }],
  ['/consent', { ...eve.login, decision: 'allow' }],
  ['/logout', {}],
  ['/logout', { client_id: 'dragons-spa', confirm: 'yes', ...eve.login }],
  ['/account/profile', { ...eve.account.profile, name: 'Mallory', action: 'save' }],
  ['/account/password', { ...eve.account.password, current: ADMIN.password, password: EVE.password, password_confirm: EVE.password, action: 'change' }],
  ['/account/sessions', { ...eve.account.sessions, action: 'end' }],
  ['/account/sessions', { ...eve.account.sessions, action: 'others' }],
  ['/account/delete', { ...eve.account.profile, sure: ADMIN.email, action: 'delete' }],
];

/** Sends a form as a page does that navigates; gives the status of the answer. */
async function submit(page, url, fields) {
  const answer = page.waitForResponse((response) => response.url() === url && response.request().method() === 'POST');
  const shown = page.waitForEvent('load');
  await page.evaluate(([action, all]) => {
    const form = Object.assign(document.createElement('form'), { action, method: 'post' });
    for (const [name, value] of Object.entries(all)) form.append(Object.assign(document.createElement('input'), { name, value, type: 'hidden' }));
    document.body.append(form);
    form.submit();
  }, [url, fields]);
  await shown;
  return (await answer).status();
}

/** The same by requests that do not navigate, and by images. Runs in the stranger's page. */
async function send([issuer, all]) {
  const sent = all.flatMap(([path, fields]) =>
    ['cors', 'no-cors'].map((mode) =>
      fetch(issuer + path, { method: 'POST', mode, credentials: 'include', body: new URLSearchParams(fields) }).then(({ status }) => status, () => 'blocked'),
    ),
  );
  for (const path of ['/logout', '/logout?client_id=dragons-spa', '/account/sessions?action=end'])
    await new Promise((done) => {
      const image = new Image();
      image.onload = image.onerror = done;
      image.src = issuer + path;
    });
  return Promise.all(sent);
}

/** What the browser has of the issuer. */
const kept = async (context) => Object.fromEntries((await context.cookies(server.issuer)).map(({ name, value }) => [name, value]));

for (const kind of ['another site', 'a sibling'])
  test(`a page of ${kind} signs nobody out, in, or in as somebody else, and changes no account`, async (t) => {
    const context = await profile(t, browser, { tolerate: /CORS policy|ERR_FAILED|Failed to load|Cross-Origin-Resource-Policy|ERR_BLOCKED/ });
    const page = await context.newPage();
    await signIn(page, server, ADMIN);
    const before = await kept(context);
    const evil = await context.newPage();
    const { origin } = strangers[kind];
    await evil.goto(origin);
    const answers = await evil.evaluate(send, [server.issuer, attempts()]);
    assert.ok(answers.every((answer) => answer === 'blocked'), `nothing could be read: ${answers}`);
    for (const [path, fields] of attempts()) {
      const status = await submit(evil, server.issuer + path, fields);
      // Apps may send their people to sign out by a form (OpenID Connect RP-Initiated Logout §2): it leads to the question, from a
      // sibling, whose form brings the cookies, without a turn.
      if (path === '/logout' && [200, 303].includes(status)) await evil.locator('main button[type=submit]').first().waitFor();
      else assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
      await evil.goto(origin);
    }
    // A link is followed, and asks.
    await evil.evaluate((url) => void (location.href = url), `${server.issuer}/logout?client_id=dragons-spa`);
    await evil.waitForURL(`${server.issuer}/logout**`);
    await evil.locator('main button[type=submit]').first().waitFor();

    const now = await kept(context);
    for (const [name, value] of Object.entries(before)) assert.equal(now[name], value, name);
    await evil.goto(`${server.issuer}/account/profile`);
    assert.equal(await evil.inputValue('input[name=name]'), ADMIN.name);
    await page.reload();
    await page.locator('#sign-out').waitFor();
    assert.equal(await page.innerText('#who'), ADMIN.name);
    const visitor = new Visitor();
    const said = await visitor.submit(await visitor.get(question()), '/login', { username: ADMIN.email, password: ADMIN.password }, { stop: (url) => url.startsWith(server.app) });
    assert.match(said.url, /[?&]code=/, 'the password is the old one');
  });
