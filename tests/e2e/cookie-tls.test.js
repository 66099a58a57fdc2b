/**
 * Cookie mode and the gateway over TLS, as they are in production: cookies whose names and flags keep other hosts from setting them, which
 * only a browser can tell. A server that renders pages asks by them whom they sign in. Over plain HTTP: cookie.test.js, gateway.test.js.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { after, before, test } from 'node:test';
import { createGuard } from '../../sdk/node-guard/src/guard.js';
import { sessionOf } from '../../sdk/js/src/ssr.js';
import { fillIn, launch, profile } from './support/browser.js';
import { fetchWith, serverCertificate, serverPair } from './support/certificates.js';
import { echo, Gateway } from './support/gateway.js';
import { becomes, settled, signIn, tokenRequests } from './support/sdk.js';
import { ADMIN, Server } from './support/server.js';
import { overTls } from './support/site.js';

const NAMES = { access: '__Host-symbolon_access', refresh: '__Secure-symbolon_refresh' };
const get = fetchWith();

let server, browser, app, api, guard;
let orders = 0;

const listening = async (handle) => {
  const listener = createServer(serverPair, handle);
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return { listener, origin: `https://localhost:${listener.address().port}` };
};

before(async () => {
  server = await Server.start({ ...overTls, ca: serverCertificate });
  browser = await launch();
  app = await listening((_, response) => response.setHeader('content-type', 'text/html; charset=utf-8').end(page()));
  api = await listening((request, response) => serve(request, response));
  await server.command(['api', 'add', api.origin, '--name', 'Orders', '--scope', 'order=Order things']);
  const places = ['--redirect', `${app.origin}/`, '--api', `${api.origin}=order`];
  await server.command(['client', 'add', '--spa', '--id', 'shop', '--name', 'Shop', ...places, '--delivery', 'cookie']);
  guard = createGuard({ issuer: server.issuer, audience: api.origin, cookie: NAMES.access, cookieOrigins: [app.origin], fetch: get });
  await guard.ready();
});
after(async () => {
  await browser?.close();
  guard?.close();
  for (const { listener } of [app, api].filter(Boolean)) {
    listener.closeAllConnections();
    listener.close();
  }
  await server?.stop();
});

const page = () => `<!doctype html><title>Shop</title><link rel="icon" href="data:,"><script type="module">
import { createAuth } from '${server.issuer}/sdk/v1/symbolon.js';
window.auth = createAuth({ issuer: '${server.issuer}', clientId: 'shop', storage: 'cookie', apis: { '${api.origin}': { scope: 'order' } } });
auth.start();
</script>`;

/** Whoever is signed in may order; pages of the app may, and read what it says. */
function serve(request, response) {
  if (request.headers.origin === app.origin) {
    response.setHeader('access-control-allow-origin', app.origin);
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('access-control-allow-headers', 'X-CSRF-Token');
  }
  if (request.method === 'OPTIONS') return response.writeHead(204).end();
  guard(request, response, () => response.end(`${++orders}`));
}

const order = (page) => page.evaluate((url) => auth.fetch(url, { method: 'POST' }).then(({ status }) => status), `${api.origin}/orders`);

/** The cookies of a host by their names, with what the browser keeps of each. */
const kept = async (context, ...urls) =>
  Object.fromEntries((await context.cookies(urls)).map(({ name, ...rest }) => [name, rest]));
const tokenCookies = (context) => kept(context, server.issuer, `${server.issuer}/oauth/token`);

/** Of a browser: what it sends to the app's server, whose host is the issuer's. */
const asked = async (context) => {
  const cookie = Object.entries(await kept(context, app.origin)).map(([name, { value }]) => `${name}=${value}`).join('; ');
  return sessionOf({ headers: { cookie } }, { issuer: server.issuer, clientId: 'shop', fetch: get });
};

test('sign in, reload, order, renew, sign out; the cookies are Secure, and no other host can set them', async (t) => {
  const context = await profile(t, browser, { ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${app.origin}/`);
  await settled(page);
  await signIn(page, ADMIN);
  const found = await tokenCookies(context);
  for (const [name, path, sameSite] of [[NAMES.access, '/', 'Lax'], [NAMES.refresh, '/oauth', 'Strict']]) {
    const { secure, httpOnly, domain, ...rest } = found[name];
    assert.deepEqual([secure, httpOnly, domain, rest.path, rest.sameSite], [true, true, 'localhost', path, sameSite], name);
  }
  assert.equal(await page.evaluate(() => document.cookie), '');
  assert.equal(await order(page), 200);
  const grants = tokenRequests(context);
  await page.reload();
  await becomes(page, 'signed-in');
  await context.clearCookies({ name: NAMES.access });
  assert.equal(await order(page), 200);
  assert.deepEqual(grants, ['refresh_token']);

  // Neither a page nor another scheme puts a cookie of that name in its place.
  const planted = `${NAMES.access}=planted`;
  await page.evaluate((cookie) => (document.cookie = `${cookie}; path=/`), planted);
  const plain = await context.newPage();
  await plain.route('http://localhost:1/', (route) => route.fulfill({ body: '', headers: { 'set-cookie': `${planted}; Path=/` } }));
  await plain.goto('http://localhost:1/');
  assert.notEqual((await tokenCookies(context))[NAMES.access].value, 'planted');
  assert.equal(await order(page), 200);

  await Promise.all([page.waitForEvent('load'), page.evaluate(() => void auth.logout())]);
  await becomes(page, 'signed-out');
  const left = await tokenCookies(context);
  assert.equal(left[NAMES.access] ?? left[NAMES.refresh], undefined);
});

test('a server that renders pages asks whom a browser’s cookies sign in', async (t) => {
  const context = await profile(t, browser, { ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${app.origin}/`);
  await settled(page);
  assert.equal(await asked(context), null);
  await signIn(page, ADMIN);
  const before = await kept(context, app.origin);
  const { user, claims, csrfToken, expiresAt } = await asked(context);
  assert.deepEqual([user.email, user.name, claims.client_id], [ADMIN.email, ADMIN.name, 'shop']);
  assert.ok(expiresAt > Date.now());
  // The token of the page is good for a request that the page makes without the SDK.
  const made = await page.evaluate(([url, token]) => fetch(url, { method: 'POST', credentials: 'include', headers: { 'X-CSRF-Token': token } }).then(({ status }) => status), [`${api.origin}/orders`, csrfToken]);
  assert.equal(made, 200);
  await Promise.all([page.waitForEvent('load'), page.evaluate(() => void auth.logout())]);
  await becomes(page, 'signed-out');
  assert.equal(await asked(context), null);
  const cookie = `${NAMES.access}=${before[NAMES.access].value}`;
  assert.equal(await sessionOf({ headers: { cookie } }, { issuer: server.issuer, clientId: 'shop', fetch: get }), null, 'the old one, too');
});

test('the gateway’s cookie is __Host-, Secure and Strict, and signs in', async (t) => {
  const upstream = await echo();
  t.after(() => upstream.stop());
  await server.command(['api', 'add', 'https://echo.example.test', '--name', 'Echo', '--scope', 'echo=Hear oneself']);
  const gateway = await Gateway.start(server, {
    files: { 'index.html': '<!doctype html><title>App</title><link rel="icon" href="data:,"><p>App</p>' },
    apis: [{ path: '/echo', url: upstream.url, audience: 'https://echo.example.test', scope: 'echo' }],
    isTls: true,
  });
  t.after(() => gateway.stop());
  const context = await profile(t, browser, { ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${gateway.url}/login`);
  const begun = await kept(context, gateway.url);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.waitForURL(`${gateway.url}/`);
  const found = await kept(context, gateway.url);
  const { secure, httpOnly, sameSite, path, domain } = found['__Host-symbolon-gateway'];
  assert.deepEqual([secure, httpOnly, sameSite, path, domain], [true, true, 'Strict', '/', 'localhost']);
  const ours = Object.keys({ ...begun, ...found }).filter((name) => name.includes('gateway'));
  assert.ok(ours.length > 1 && ours.every((name) => name.startsWith('__Host-')), ours.join());
  await page.reload();
  const called = await page.evaluate(async () => {
    const { csrf_token } = await (await fetch('/session')).json();
    return (await fetch('/echo/x', { method: 'POST', headers: { 'x-csrf-token': csrf_token } })).status;
  });
  assert.equal(called, 200);
});
