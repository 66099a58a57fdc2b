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
    files: { 'index.html': PAGE, 'app.js': SCRIPT },
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
