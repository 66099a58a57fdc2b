/**
 * Cookie mode in a real browser: an app beside the issuer whose tokens no script ever has, an API that takes the cookie, pages of others that try
 * to use it, and a script that was planted into the app.
 */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { createGuard } from '../../sdk/node-guard/src/guard.js';
import { fillIn, launch, profile } from './support/browser.js';
import { becomes, loadedParts, settled, signIn, tokenRequests } from './support/sdk.js';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

let server, browser, api, guard, app, names;
/** By kind: a page of another site, and one of another port of this host, which browsers take for the same site. */
const strangers = {};
/** What the API has been made to do. */
let orders = 0;

const listening = async (handle) => {
  const listener = createServer(handle);
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return listener;
};
const html = (response, body) => response.setHeader('content-type', 'text/html; charset=utf-8').end(`<!doctype html><link rel="icon" href="data:,">${body}`);
const port = ({ listener }) => listener.address().port;

before(async () => {
  server = await Server.start();
  browser = await launch();
  const issuer = server.issuer;
  const suffix = new URL(issuer).port;
  names = { access: `symbolon_access-${suffix}`, refresh: `symbolon_refresh-${suffix}` };
  app = { listener: await listening(({ url }, response) => html(response, page(url.startsWith('/other') ? 'other' : 'shop'))) };
  app.origin = `http://localhost:${port(app)}`;
  api = { listener: await listening((request, response) => serve(request, response)) };
  api.url = `http://localhost:${port(api)}`;
  for (const [kind, host] of [['another site', '127.0.0.1'], ['a sibling', 'localhost']]) {
    const listener = await listening((_, response) => html(response, '<title>Prizes</title>'));
    strangers[kind] = { listener, origin: `http://${host}:${listener.address().port}` };
  }
  await server.command(['api', 'add', api.url, '--name', 'Orders', '--scope', 'order=Order things']);
  await server.command([
    'client', 'add', '--spa', '--id', 'shop', '--name', 'Shop', '--redirect', `${app.origin}/`, '--api', `${api.url}=order`,
    '--delivery', 'cookie', '--password-sign-in',
  ]);
  await server.command([
    'client', 'add', '--spa', '--id', 'other', '--name', 'Other', '--redirect', `${app.origin}/other`, '--api', `${api.url}=order`,
    '--delivery', 'cookie',
  ]);
  guard = createGuard({ issuer, audience: api.url, cookie: names.access, cookieOrigins: [app.origin] });
  await guard.ready();
});
after(async () => {
  await browser?.close();
  guard?.close();
  for (const { listener } of [app, api, ...Object.values(strangers)].filter(Boolean)) {
    listener.closeAllConnections();
    listener.close();
  }
  await server?.stop();
});

/** The API: whoever is signed in may look and order; pages of the app may, and read what it says. */
function serve(request, response) {
  const { method } = request;
  if (request.headers.origin === app.origin) {
    response.setHeader('access-control-allow-origin', app.origin);
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('access-control-allow-headers', 'X-CSRF-Token');
  }
  if (method === 'OPTIONS') return response.writeHead(204).end();
  guard(request, response, () => {
    if (method === 'POST') orders++;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ sub: request.auth.sub, orders }));
  });
}

const page = (client) => `<title>Shop</title>
<script type="module">
import { createAuth } from '${server.issuer}/sdk/v1/symbolon.js';
window.auth = createAuth({
  issuer: '${server.issuer}', clientId: '${client}', storage: 'cookie', apis: { '${api.url}': { scope: 'order' } },
  redirectUri: '${client === 'shop' ? '/' : '/other'}',
});
window.seen = [];
for (const name of ['signed-in', 'signed-out', 'renewed', 'error']) auth.on(name, (detail) => seen.push(detail.reason ?? detail.error?.code ?? name));
auth.start();
</script>`;

/** A page of the app that somebody is signed in at. */
async function signedIn(t, options) {
  const context = await profile(t, browser, options);
  const loaded = loadedParts(context);
  const page = await context.newPage();
  await page.goto(`${app.origin}/`);
  await settled(page);
  await signIn(page, ADMIN);
  return { context, page, loaded };
}

const cookies = async (context) => Object.fromEntries((await context.cookies([server.issuer, `${server.issuer}/oauth/token`])).map((one) => [one.name, one]));
const call = (page, method = 'GET') =>
  page.evaluate(([url, how]) => auth.fetch(url, { method: how }).then((response) => response.status), [`${api.url}/orders`, method]);
const order = (page) => call(page, 'POST');
/** Signs out, and waits until the page is back. */
const signOut = async (page) => {
  await Promise.all([page.waitForEvent('load'), page.evaluate(() => void auth.logout())]);
  await becomes(page, 'signed-out');
};

test('sign in, call, reload, renew, sign out, and no script ever had a token', async (t) => {
  const { context, page, loaded } = await signedIn(t, { tolerate: /the tokens are cookies/ });
  const { [names.access]: access, [names.refresh]: refresh } = await cookies(context);
  assert.deepEqual([access.httpOnly, access.sameSite, access.path], [true, 'Lax', '/']);
  assert.deepEqual([refresh.httpOnly, refresh.sameSite, refresh.path], [true, 'Strict', '/oauth']);
  assert.equal(await page.evaluate(() => document.cookie), '');
  assert.equal(await page.evaluate(() => auth.user.name), ADMIN.name);
  assert.equal(await page.evaluate(() => auth.hasScope('order')), true);
  assert.equal(await page.evaluate(() => auth.token().catch(({ code }) => code)), 'config', 'there is none to hand out');
  assert.equal(await call(page), 200);
  const before = orders;
  assert.equal(await order(page), 200);
  assert.equal(orders, before + 1);

  const grants = tokenRequests(context);
  await page.reload();
  await becomes(page, 'signed-in');
  assert.equal(await page.evaluate(() => auth.user.email), ADMIN.email);
  assert.equal(await order(page), 200);
  assert.deepEqual(grants, [], 'the server was asked who it is, and nothing was renewed');

  // The access token is over: one renewal, unseen.
  await context.clearCookies({ name: names.access });
  assert.equal(await order(page), 200);
  assert.deepEqual(grants, ['refresh_token']);
  assert.notEqual((await cookies(context))[names.refresh].value, refresh.value);
  // The same after a reload.
  await context.clearCookies({ name: names.access });
  await page.reload();
  await becomes(page, 'signed-in');
  assert.deepEqual(grants, ['refresh_token', 'refresh_token']);
  assert.deepEqual(await page.evaluate(() => [auth.user.name, auth.user.email]), [ADMIN.name, ADMIN.email]);
  assert.equal(await page.evaluate(() => auth.refreshUser().then(({ email }) => email)), ADMIN.email);

  await signOut(page);
  assert.deepEqual(loaded(), ['cookie', 'sign-in', 'store', 'symbolon'], 'nothing binds a cookie to a key: no proofs');
  const left = await cookies(context);
  assert.equal(left[names.access] ?? left[names.refresh], undefined);
  // The old cookies are worth nothing, and the issuer asks for the password again.
  const old = await fetch(`${server.issuer}/session`, { headers: { cookie: `${names.access}=${access.value}` } });
  assert.equal(old.status, 401);
  await page.evaluate(() => void auth.login());
  await page.locator('input[name=password]').waitFor();
});

test("whoever lost the cookie to another app signs out by the issuer's page, which is asked for, and the other app keeps it", async (t) => {
  const { context, page } = await signedIn(t);
  const other = await context.newPage();
  await other.goto(`${app.origin}/other`);
  await settled(other);
  await other.evaluate(() => void auth.login());
  await becomes(other, 'signed-in');
  const asked = page.waitForURL((url) => url.href.startsWith(`${server.issuer}/logout?`));
  await Promise.all([asked, page.evaluate(() => void auth.logout())]);
  await page.locator('button[type=submit]').first().waitFor();
  assert.equal(await other.evaluate(() => auth.refreshUser().then(({ name }) => name)), ADMIN.name);
  assert.equal(await order(other), 200);
  await page.goto(`${app.origin}/`);
  await becomes(page, 'signed-out');
});

test('tabs have one sign-in, renew once, and end together', async (t) => {
  const { context, page } = await signedIn(t);
  const other = await context.newPage();
  await other.goto(`${app.origin}/`);
  await becomes(other, 'signed-in');
  const grants = tokenRequests(context);
  await context.clearCookies({ name: names.access });
  assert.deepEqual(await Promise.all([order(page), order(other)]), [200, 200]);
  assert.deepEqual(grants, ['refresh_token']);
  // The same where the word of who renewed is still on its way: whoever waited finds what it needs.
  for (const tab of [page, other]) await tab.evaluate(() => (BroadcastChannel.prototype.postMessage = () => {}));
  await context.clearCookies({ name: names.access });
  assert.deepEqual(await Promise.all([order(page), order(other)]), [200, 200]);
  assert.deepEqual(grants, ['refresh_token', 'refresh_token']);
  for (const tab of [page, other]) await tab.reload();
  await Promise.all([page, other].map((tab) => becomes(tab, 'signed-in')));
  await signOut(page);
  await becomes(other, 'signed-out');
  assert.ok((await other.evaluate(() => seen)).includes('other-tab'));
});

test('ten tabs whose access token has run out renew once, and all stay signed in', async (t) => {
  const { context, page } = await signedIn(t);
  const tabs = [page];
  while (tabs.length < 10) {
    const tab = await context.newPage();
    await tab.goto(`${app.origin}/`);
    await becomes(tab, 'signed-in');
    tabs.push(tab);
  }
  const grants = tokenRequests(context);
  await context.clearCookies({ name: names.access });
  assert.deepEqual(await Promise.all(tabs.map(order)), tabs.map(() => 200));
  assert.deepEqual(grants, ['refresh_token']);
  for (const tab of tabs) assert.deepEqual((await tab.evaluate(() => [auth.state.status, ...seen])).filter((what) => /signed-out|expired|other-tab|error/.test(what)), []);
});

/** What a page of a stranger tries. Runs there; nothing of it needs anything but what a page can do. */
async function attack({ issuer, api, code, verifier, redirect }) {
  const form = (fields) => new URLSearchParams(fields);
  const attempts = [];
  const send = (url, init) => attempts.push(fetch(url, { credentials: 'include', ...init }).then(({ status }) => status, () => 'blocked'));
  for (const mode of ['cors', 'no-cors']) {
    send(`${api}/orders`, { method: 'POST', mode });
    send(`${api}/orders`, { method: 'POST', mode, body: form({ a: 'b' }) });
    send(`${issuer}/oauth/token`, { method: 'POST', mode, body: form({ grant_type: 'refresh_token', client_id: 'shop' }) });
    send(`${issuer}/oauth/revoke`, { method: 'POST', mode, body: form({ client_id: 'shop' }) });
    send(`${issuer}/oauth/token`, {
      method: 'POST', mode, body: form({ grant_type: 'authorization_code', client_id: 'shop', code, code_verifier: verifier, redirect_uri: redirect }),
    });
    send(`${issuer}/session`, { mode });
    send(`${issuer}/user/current`, { mode });
  }
  send(`${api}/orders`, { method: 'POST', headers: { 'x-csrf-token': 'guessed' } });
  await new Promise((done) => {
    const image = new Image();
    image.onload = image.onerror = done;
    image.src = `${api}/orders`;
  });
  return Promise.all(attempts);
}

/** Sends a form as a page does that navigates. */
async function navigate(page, url, fields) {
  await page.evaluate(([action, all]) => {
    const form = Object.assign(document.createElement('form'), { action, method: 'post' });
    for (const [name, value] of Object.entries(all)) form.append(Object.assign(document.createElement('input'), { name, value, type: 'hidden' }));
    document.body.append(form);
    form.submit();
  }, [url, fields]);
  await page.waitForURL(url);
}

/** A code of a stranger's own, good for a sign-in as them. */
async function strangersCode() {
  const stranger = await server.addUser(`eve-${randomBytes(4).toString('hex')}@example.test`, 'Eve', 'a very different password');
  const verifier = randomBytes(32).toString('base64url');
  const code_challenge = createHash('sha256').update(verifier).digest('base64url');
  const query = new URLSearchParams({
    client_id: 'shop', redirect_uri: `${app.origin}/`, response_type: 'code', scope: 'openid offline_access', resource: api.url,
    state: 's', code_challenge, code_challenge_method: 'S256',
  });
  const visitor = new Visitor();
  const form = await visitor.get(`${server.issuer}/authorize?${query}`);
  const stop = (url) => url.startsWith(app.origin);
  const done = await visitor.submit(form, '/login', { username: stranger.email, password: stranger.password }, { stop });
  return { code: new URL(done.url).searchParams.get('code'), verifier };
}

for (const kind of ['another site', 'a sibling'])
  test(`a page of ${kind} makes the browser change nothing, and reads nothing`, async (t) => {
    const { context, page } = await signedIn(t, { tolerate: /CORS policy|ERR_FAILED|Failed to load/ });
    const before = await cookies(context);
    const made = orders;
    const { code, verifier } = await strangersCode();
    assert.ok(code, 'the stranger has a code');
    const redirect = `${app.origin}/`;
    const evil = await context.newPage();
    await evil.goto(strangers[kind].origin);
    const answers = await evil.evaluate(attack, { issuer: server.issuer, api: api.url, code, verifier, redirect });
    assert.deepEqual(new Set(answers), new Set(['blocked', 0]), 'nothing could be read');
    for (const [url, fields] of [
      [`${api.url}/orders`, { a: 'b' }],
      [`${server.issuer}/oauth/token`, { grant_type: 'refresh_token', client_id: 'shop' }],
      [`${server.issuer}/oauth/revoke`, { client_id: 'shop' }],
      [`${server.issuer}/oauth/token`, { grant_type: 'authorization_code', client_id: 'shop', code, code_verifier: verifier, redirect_uri: redirect }],
    ]) {
      await navigate(evil, url, fields);
      await evil.goto(strangers[kind].origin);
    }
    assert.equal(orders, made, 'nothing was ordered');
    const now = await cookies(context);
    for (const name of Object.values(names)) assert.equal(now[name].value, before[name].value, name);
    await page.reload();
    await becomes(page, 'signed-in');
    assert.equal(await page.evaluate(() => auth.user.email), ADMIN.email, 'nobody was signed in as somebody else');
    assert.equal(await order(page), 200);
  });

/** Listens at all that goes through the page. Runs there, before anything else. */
function wiretap() {
  window.loot = [];
  const written = JSON.stringify;
  const note = (...values) => loot.push(...values.filter((value) => value != null).map(String));
  const real = window.fetch;
  window.fetch = async (input, init) => {
    const request = input instanceof Request ? input.clone() : new Request(input, init);
    note(request.url, ...[...request.headers].flat(), await request.text());
    const response = await real(input, init);
    note(...[...response.headers].flat(), await response.clone().text().catch(() => ''));
    return response;
  };
  for (const [object, name] of [[JSON, 'parse'], [JSON, 'stringify'], [Headers.prototype, 'set'], [BroadcastChannel.prototype, 'postMessage']]) {
    const before = object[name];
    object[name] = function (...args) {
      const result = before.apply(this, args);
      note(...args.map((one) => (typeof one === 'string' ? one : written(one))), typeof result === 'string' ? result : '');
      return result;
    };
  }
}

test('a planted script that was there first carries away nothing that is of use elsewhere', async (t) => {
  const { context, page } = await signedIn(t);
  await context.addInitScript(wiretap);
  await signOut(page);
  await page.evaluate(() => void auth.login());
  await fillIn(page, ADMIN.email, ADMIN.password);
  await becomes(page, 'signed-in');
  await context.clearCookies({ name: names.access });
  assert.equal(await order(page), 200, 'renewed under the eyes of the script');
  const carried = await page.evaluate(async () => {
    const opening = indexedDB.open('symbolon', 1);
    await new Promise((done) => (opening.onsuccess = done));
    const all = opening.result.transaction('kept').objectStore('kept').getAll();
    await new Promise((done) => (all.onsuccess = done));
    return JSON.stringify([loot, { ...localStorage }, { ...sessionStorage }, document.cookie, { lying: all.result }]);
  });
  assert.match(carried, /"lying":\[\{/, 'what cookie mode keeps in IndexedDB is among it');
  const now = await cookies(context);
  assert.ok(carried.includes('csrf_token') && carried.includes(ADMIN.email), 'the script did see everything');
  for (const { value } of Object.values(names).map((name) => now[name]))
    for (const part of [value, value.split('.').at(-1)]) assert.ok(!carried.includes(part));
  assert.doesNotMatch(carried, /sym_(rt|sv)_\w/);
  // Whatever looks like a token has no signature, and the page's token is nothing without the cookie.
  for (const [found] of carried.matchAll(/eyJ[\w-]+\.[\w-]+\.[\w-]*/g)) {
    const bearer = await fetch(`${api.url}/orders`, { headers: { authorization: `Bearer ${found}` } });
    assert.equal(bearer.status, 401);
    assert.ok(found.endsWith('.'), found);
  }
  const csrf = /"csrf_token\\*":\\*"([\w-]+)/.exec(carried)[1];
  const made = orders;
  for (const headers of [{ 'x-csrf-token': csrf, origin: app.origin }, { 'x-csrf-token': csrf, authorization: `Bearer ${csrf}` }])
    assert.equal((await fetch(`${api.url}/orders`, { method: 'POST', headers })).status, 401);
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'shop' });
  const renewed = await fetch(`${server.issuer}/oauth/token`, { method: 'POST', headers: { 'x-csrf-token': csrf, origin: app.origin }, body: form });
  assert.equal(renewed.status, 400);
  assert.equal(orders, made);
});

test('a cookie that a neighbour puts beside the access token ends in a sign-out, never in a person without a name', async (t) => {
  const { context, page } = await signedIn(t, { tolerate: /login_required/ });
  const neighbour = await context.newPage();
  await neighbour.goto(strangers['a sibling'].origin);
  await neighbour.evaluate((name) => (document.cookie = `${name}=planted; path=/session`), names.access);
  await page.reload();
  await becomes(page, 'signed-out');
  assert.deepEqual(await page.evaluate(() => [auth.user, ...seen]), [null]);
  await page.evaluate(() => void auth.login());
  await page.waitForFunction(() => window.auth?.state.error);
  assert.deepEqual(await page.evaluate(() => [auth.user, auth.state.error.code]), [null, 'login_required']);
  // Without it all is well.
  await neighbour.evaluate((name) => (document.cookie = `${name}=; path=/session; max-age=0`), names.access);
  await page.evaluate(() => void auth.login());
  await becomes(page, 'signed-in');
  assert.equal(await page.evaluate(() => auth.user.name), ADMIN.name);
});

test('who is deleted or signed out elsewhere is signed out here, at the API at once', async (t) => {
  const { page } = await signedIn(t);
  await server.command(['user', 'sign-out', ADMIN.email, '--yes']);
  const until = Date.now() + 10_000;
  let status;
  do status = await page.evaluate((url) => fetch(url, { credentials: 'include' }).then((response) => response.status), `${api.url}/orders`);
  while (status === 200 && Date.now() < until);
  assert.equal(status, 401);
  await page.evaluate((url) => auth.fetch(url).catch(() => {}), `${api.url}/orders`);
  await becomes(page, 'signed-out');
});

test('code and verifier, carried away before the page redeems them, are of no use to whoever sends them as the page would', async (t) => {
  const { page } = await signedIn(t);
  await signOut(page);
  // It never gets there from the page.
  await page.route('**/oauth/token', () => {});
  const asked = page.waitForRequest((request) => request.url().endsWith('/oauth/token') && request.postData()?.includes('code_verifier'));
  await page.evaluate(() => void auth.login());
  await fillIn(page, ADMIN.email, ADMIN.password);
  const body = (await asked).postData();
  const redeem = (cookie) => fetch(`${server.issuer}/oauth/token`, {
    method: 'POST', body, headers: { origin: app.origin, 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-site', ...cookie },
  });
  const stolen = await redeem({});
  assert.deepEqual([stolen.status, (await stolen.json()).error, stolen.headers.getSetCookie()], [400, 'invalid_grant', []]);
  // With the session's cookie, which no script reads, the same is taken: nothing but that was missing.
  const kept = await page.context().cookies(server.issuer);
  const own = await redeem({ cookie: kept.map(({ name, value }) => `${name}=${value}`).join('; ') });
  assert.equal(own.status, 200);
});
