/** The SDK's adapters for React and Vue in an app each, built as an application builds them. Angular's: dragons-spa.test.js. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillIn, launch, profile } from './support/browser.js';
import { tokenRequests } from './support/sdk.js';
import { ADMIN, Server } from './support/server.js';

const SDK = join(import.meta.dirname, '../../sdk/js');
const { buildSync } = createRequire(join(SDK, 'package.json'))('esbuild');
const USER = { email: 'bob@example.test', name: 'Bob Scrooge', password: 'a long walk in the rain' };

let server, browser;
const apps = {};

/** The app's script; frameworks come from where the SDK is tested with them. */
function build(entry) {
  const [{ text }] = buildSync({
    entryPoints: [join(import.meta.dirname, 'apps', entry)],
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    nodePaths: [join(SDK, 'node_modules')],
    alias: { 'symbolon/react': join(SDK, 'src/react.js'), 'symbolon/vue': join(SDK, 'src/vue.js'), symbolon: join(SDK, 'src/symbolon.js') },
    // In strict mode React mounts everything twice, as long as it is made for development.
    define: { 'process.env.NODE_ENV': '"development"', __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
  }).outputFiles;
  return text;
}

async function serve(entry) {
  const script = build(entry);
  const app = createServer((request, response) => {
    if (request.url === '/app.js') return response.setHeader('Content-Type', 'text/javascript').end(script);
    const config = { issuer: server.issuer, clientId: 'dragons-spa', api: server.api, apis: { [server.api]: { scope: 'read:dragons' } } };
    response.setHeader('Content-Type', 'text/html').end(
      `<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><div id="root"></div>
       <script id="config" type="application/json">${JSON.stringify(config)}</script><script type="module" src="/app.js"></script></html>`,
    );
  }).listen(0, 'localhost');
  await once(app, 'listening');
  const origin = `http://localhost:${app.address().port}`;
  await server.command(['client', 'set', 'dragons-spa', '--add-redirect', `${origin}/`, '--add-post-logout', `${origin}/`, '--add-origin', origin]);
  return { origin, close: () => app.close() };
}

before(async () => {
  server = await Server.start();
  browser = await launch();
  await server.addUser(USER.email, USER.name, USER.password);
  for (const entry of ['react.jsx', 'vue.js']) apps[entry] = await serve(entry);
});
after(async () => {
  await browser?.close();
  for (const app of Object.values(apps)) app.close();
  await server?.stop();
});

/** Pages of the app may not call the sample API from another origin: its answer is put in by the test, and what was asked is told. */
async function open(t, entry, path = '/') {
  const page = await (await profile(t, browser)).newPage();
  const asked = [];
  await page.route(`${server.api}/**`, async (route) => {
    const headers = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
    if (route.request().method() === 'OPTIONS') return route.fulfill({ headers });
    asked.push(route.request().headers().authorization ?? '');
    return route.fulfill({ headers, body: 'Shenlong' });
  });
  await page.goto(`${apps[entry].origin}${path}`);
  return { page, asked };
}

for (const entry of ['react.jsx', 'vue.js'])
  test(`${entry}: sign in, call the API, reload, sign out`, async (t) => {
    const { page, asked } = await open(t, entry);
    const requests = tokenRequests(page.context());
    await page.click('#sign-in');
    await fillIn(page, USER.email, USER.password);
    await page.locator('#sign-out').waitFor();
    assert.deepEqual(requests, ['authorization_code'], 'however often it was mounted');
    if (entry === 'react.jsx') assert.ok((await page.evaluate(() => mounted)) > 1, 'strict mode did mount it twice');
    assert.equal(page.url(), `${apps[entry].origin}/`);
    assert.equal(await page.innerText('#who'), USER.name);
    assert.equal(await page.innerText('#status'), 'signed-in');
    await page.click('#load');
    await page.getByText('Shenlong').waitFor();
    assert.match(asked.at(-1), /^(Bearer|DPoP) eyJ/);
    await page.reload();
    await page.locator('#sign-out').waitFor();
    await page.click('#sign-out');
    await page.locator('#sign-in').waitFor();
    assert.equal(await page.innerText('#status'), 'signed-out');
  });

test('react.jsx: a role shows what is for it, and something else to the others', async (t) => {
  for (const [person, words] of [[USER, /Not for you/], [ADMIN, /administrator/]]) {
    const { page } = await open(t, 'react.jsx');
    await page.click('#sign-in');
    await fillIn(page, person.email, person.password);
    assert.match(await page.innerText('#admin'), words);
  }
});

test('vue.js: guarded routes ask to sign in, come back, and send elsewhere who may not', async (t) => {
  for (const [person, id] of [[USER, 'no-entry'], [ADMIN, 'admin']]) {
    const { page } = await open(t, 'vue.js', '/profile?tab=2');
    await fillIn(page, person.email, person.password);
    await page.locator('#profile').waitFor();
    assert.equal(page.url(), `${apps['vue.js'].origin}/profile?tab=2`);
    await page.goto(`${apps['vue.js'].origin}/admin`);
    await page.locator(`#${id}`).waitFor();
    assert.equal(page.url(), `${apps['vue.js'].origin}/${id}`);
  }
});

test('vue.js: who declines at a guarded route is not asked in circles', async (t) => {
  const { page } = await open(t, 'vue.js', '/profile');
  await page.click('button[name=decision][value=deny]');
  await page.locator('#no-entry').waitFor();
});
