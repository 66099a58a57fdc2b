/** The pages that docs/manual/gateway.md shows, as a reader copies them: a real Chromium loads them under the policy that the gateway gives them. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fillIn, launch, profile } from './support/browser.js';
import { Gateway } from './support/gateway.js';
import { read } from './support/manual.js';
import { ADMIN, Server } from './support/server.js';

/** Each example is two files, the page and its script. */
const files = (await read('docs/manual/gateway.md')).steps.filter(({ kind, name }) => kind === 'file' && name.startsWith('app/'));
const examples = [files.slice(0, 2), files.slice(2)];

let browser;

before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

/** A gateway that serves an example, under the client id that it is registered as in these tests. */
async function serves(t, example) {
  const server = await Server.start();
  t.after(() => server.stop());
  assert.deepEqual(example.map(({ name }) => name), ['app/index.html', 'app/app.js']);
  const texts = example.map(({ name, text }) => [name.slice('app/'.length), text.replaceAll("'dragons-app'", "'gateway-app'")]);
  const apis = [{ path: '/api', url: `${server.api}/api`, audience: server.api, scope: 'read:dragons' }];
  const gateway = await Gateway.start(server, { files: Object.fromEntries(texts), apis });
  t.after(() => gateway.stop());
  return gateway;
}

const signedOut = async (page, gateway) => assert.equal((await page.request.get(`${gateway.url}/session`)).status(), 401);

test('the page without a library signs in, calls and signs out', async (t) => {
  const gateway = await serves(t, examples[0]);
  const page = await (await profile(t, browser)).newPage();
  await page.goto(gateway.url);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.getByRole('listitem').nth(2).waitFor();
  assert.ok((await page.getByRole('listitem').allInnerTexts()).includes('Shenlong'));
  await page.click('#out');
  // The page asks for a sign-in as soon as nobody is signed in.
  await page.locator('input[name=password]').waitFor();
  await signedOut(page, gateway);
});

test('the page with the browser SDK signs in and out', async (t) => {
  const gateway = await serves(t, examples[1]);
  const page = await (await profile(t, browser)).newPage();
  await page.goto(gateway.url);
  await page.getByText('Nobody is signed in').waitFor();
  await page.click('#in');
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.getByText(ADMIN.name).waitFor();
  await Promise.all([page.waitForEvent('load'), page.click('#out')]);
  await page.getByText('Nobody is signed in').waitFor();
  await signedOut(page, gateway);
});
