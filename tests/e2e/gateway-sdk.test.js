/** The browser SDK with `storage: 'cookie'` against `symbolon gateway`: nothing but the address is another. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fillIn, launch, profile } from './support/browser.js';
import { Gateway, echo } from './support/gateway.js';
import { becomes } from './support/sdk.js';
import { ADMIN, Server } from './support/server.js';

const PAGE = `<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><script type="module" src="/app.js"></script><button id="in">in</button>`;
const SCRIPT = `
import { createAuth } from '/sdk/v1/symbolon.js';
globalThis.auth = createAuth({ issuer: location.origin, clientId: 'gateway-app', storage: 'cookie', apis: { [location.origin + '/echo']: {} } });
globalThis.seen = [];
for (const name of ['signed-in', 'signed-out', 'user-changed', 'error']) auth.on(name, (detail) => seen.push(detail.reason ?? detail.error?.code ?? name));
document.querySelector('#in').onclick = () => auth.login();
await auth.start();
globalThis.started = true;
`;

let server, api, gateway, browser;

before(async () => {
  server = await Server.start();
  api = await echo();
  browser = await launch();
  await server.command(['api', 'add', 'https://echo.example.test', '--name', 'Echo', '--scope', 'echo=Hear oneself']);
  gateway = await Gateway.start(server, {
    files: { 'index.html': PAGE, 'app.js': SCRIPT, 'plain.html': '<!doctype html><title>Plain</title><link rel="icon" href="data:,">' },
    apis: [{ path: '/echo', url: api.url, audience: 'https://echo.example.test', scope: 'echo' }],
  });
});
after(async () => {
  await browser?.close();
  await Promise.all([gateway?.stop(), api?.stop()]);
  await server?.stop();
});

test('sign-in, reload, a call that changes something, sign-out', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  const name = () => page.evaluate(() => auth.state.user?.name ?? null);
  await page.goto(gateway.url);
  await becomes(page, 'signed-out');
  await page.click('#in');
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.waitForURL((url) => url.origin === gateway.url && !url.search);
  await becomes(page, 'signed-in');
  assert.equal(await name(), ADMIN.name);
  await page.reload();
  await becomes(page, 'signed-in');
  assert.equal(await name(), ADMIN.name);
  const called = await page.evaluate(async () => {
    const answer = await auth.fetch(`${location.origin}/echo/x`, { method: 'POST', body: 'y' });
    return { status: answer.status, body: await answer.json() };
  });
  assert.deepEqual([called.status, called.body.method, called.body.headers.authorization.startsWith('Bearer ey')], [200, 'POST', true]);
  const seen = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.doesNotMatch(seen, /eyJ[\w-]+\.eyJ|sym_/);
  // The address is the same before and after, and the page says "signed out" before it leaves.
  await Promise.all([page.waitForEvent('load'), page.evaluate(() => void auth.logout())]);
  assert.equal(page.url(), `${gateway.url}/`);
  await becomes(page, 'signed-out');
  assert.equal((await page.request.get(`${gateway.url}/session`)).status(), 401);
});

/** A page of the app that somebody is signed in at. */
async function signedIn(t) {
  const context = await profile(t, browser, { tolerate: /logout_failed|network/ });
  const page = await context.newPage();
  await page.goto(gateway.url);
  await becomes(page, 'signed-out');
  await page.click('#in');
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.waitForURL((url) => url.origin === gateway.url && !url.search);
  await becomes(page, 'signed-in');
  return { context, page };
}

/** The gateway's session in this browser. */
const cookie = async (context) => (await context.cookies(gateway.url)).find(({ name }) => /symbolon-gateway-\d+$/.test(name))?.value;

/** Another tab goes through `/login`, which no page of the SDK notices; as somebody else, if one is given. */
async function signInAgain(context, person) {
  const before = await cookie(context);
  const tab = await context.newPage();
  await tab.goto(`${gateway.url}/login?return_to=/plain.html${person ? '&prompt=login' : ''}`);
  if (person) await fillIn(tab, person.email, person.password);
  await tab.waitForURL(`${gateway.url}/plain.html`);
  await tab.close();
  assert.notEqual(await cookie(context), before, 'the session is another');
}

const post = (page) => page.evaluate(() => auth.fetch(`${location.origin}/echo/x`, { method: 'POST', body: 'y' }).then(({ status }) => status));
const events = (page) => page.evaluate(() => seen.splice(0));
const session = (page) => page.evaluate(() => fetch('/session').then(({ status }) => status));
const signOut = async (page) => {
  await Promise.all([page.waitForEvent('load'), page.evaluate(() => void auth.logout())]);
  await becomes(page, 'signed-out');
};

test('a sign-in that the page did not notice: what it changes is changed, and it signs out for good', async (t) => {
  const { context, page } = await signedIn(t);
  await signInAgain(context);
  assert.equal(await post(page), 200);
  assert.equal(await page.evaluate(() => auth.user.name), ADMIN.name);
  // Several at once, and signing out as the first to notice.
  await signInAgain(context);
  assert.deepEqual(await Promise.all([post(page), post(page), post(page)]), [200, 200, 200]);
  await signInAgain(context);
  await events(page);
  await signOut(page);
  assert.equal(await session(page), 401);
  assert.equal(await cookie(context), undefined);
});

test('somebody else has signed in meanwhile: nothing is done in their name, and the page is told', async (t) => {
  const { context, page } = await signedIn(t);
  const bob = await server.addUser('bob@example.test', 'Bob', 'a very different password');
  const sibling = await context.newPage();
  await sibling.goto(gateway.url);
  await becomes(sibling, 'signed-in');
  await signInAgain(context, bob);
  await events(page);
  const made = api.calls.length;
  assert.equal(await post(page), 403);
  assert.equal(api.calls.length, made);
  assert.deepEqual(await events(page), ['user-changed']);
  assert.equal(await page.evaluate(() => auth.user.name), 'Bob');
  await sibling.waitForFunction(() => auth.user.name === 'Bob');
  for (const tab of [page, sibling]) assert.equal(await post(tab), 200, 'in the name that the page shows');
  // Renewing and asking notice it, too.
  await signInAgain(context, ADMIN);
  await page.route('**/echo/x', (route) => route.fulfill({ status: 401 }), { times: 1 });
  assert.equal(await page.evaluate(() => auth.fetch(`${location.origin}/echo/x`).then(({ status }) => status)), 401);
  assert.deepEqual(await events(page), ['user-changed', 'interaction_required']);
  await Promise.all([page, sibling].map((tab) => tab.waitForFunction((name) => auth.user.name === name, ADMIN.name)));
  await signInAgain(context, bob);
  assert.equal(await page.evaluate(() => auth.refreshUser().then(({ name }) => name)), 'Bob');
  await sibling.waitForFunction(() => auth.user.name === 'Bob');
  for (const tab of [page, sibling]) {
    assert.equal(await post(tab), 200);
    assert.deepEqual(await tab.evaluate(() => [auth.user.name, auth.state.status]), ['Bob', 'signed-in']);
  }
  await signOut(page);
  await becomes(sibling, 'signed-out');
  assert.equal(await session(page), 401);
});

test('a sign-out that is refused or does not arrive is an error, and nobody is told that it was one', async (t) => {
  const { context, page } = await signedIn(t);
  await events(page);
  for (const [answer, code] of [
    [(route) => route.fulfill({ status: 403, json: { error: 'csrf_token' } }), 'logout_failed'],
    [(route) => route.abort(), 'network'],
  ]) {
    await page.route('**/oauth/revoke', answer);
    const failed = await page.evaluate(() => auth.logout().catch(({ code, hint, docs }) => ({ code, hint, docs })));
    assert.equal(failed.code, code);
    assert.ok(failed.hint);
    assert.equal(failed.docs, `${gateway.url}/sdk/v1/errors.html#${code}`);
    assert.deepEqual(await events(page), [code]);
    assert.deepEqual([await page.evaluate(() => auth.state.status), await session(page)], ['signed-in', 200]);
    await page.unroute('**/oauth/revoke');
  }
  await page.reload();
  await becomes(page, 'signed-in');
  await signOut(page);
  assert.equal(await cookie(context), undefined);
});
