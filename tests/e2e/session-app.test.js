/** examples/session-app, started as its README says, in a real Chromium: a session cookie, forms of its own, signing out elsewhere. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { accessible, fillIn, launch, pictures, profile } from './support/browser.js';
import { quietPort, Sample } from './support/sample.js';
import { ADMIN, Server } from './support/server.js';

/** Where it is unless it is told otherwise, which is what `serve --dev` is made for. */
const USUAL = 'http://localhost:4300';

let server, app, home, browser, registered;

before(async () => {
  const port = await quietPort();
  home = `http://localhost:${port}`;
  server = await Server.start();
  registered = (await server.command(['client', 'show', 'dragons-session'])).client;
  const keys = await server.file('keys.json', { jwks_uri: `${home}/jwks.json` });
  const addresses = ['--add-redirect', `${home}/callback`, '--add-post-logout', `${home}/`, '--backchannel-logout', `${home}/backchannel-logout`];
  [app, browser] = await Promise.all([
    Sample.start('session-app', { ISSUER: server.issuer, PORT: `${port}` }),
    launch(),
    server.command(['client', 'set', 'dragons-session', ...addresses, '--metadata', keys]),
  ]);
});
after(() => Promise.all([browser?.close(), app?.stop(), server?.stop()]));

async function signIn(page, { email, password } = ADMIN) {
  await page.goto(home);
  await page.click('#sign-in');
  await fillIn(page, email, password);
  await page.locator('#sign-out').waitFor();
}

const looked = async (page, name) => {
  await accessible(page, name);
  await pictures(page, `session-${name}`);
};

const cookie = async (context) => (await context.cookies(home)).find(({ name }) => name === 'session');

test('home, sign in, profile, a favourite, sign out, all without a script', async (t) => {
  const context = await profile(t, browser);
  const page = await context.newPage();
  await page.goto(home);
  assert.equal(await cookie(context), undefined, 'no cookie for who only looks');
  await looked(page, 'home');
  await signIn(page);
  assert.equal(page.url(), `${home}/`);
  assert.equal(await page.innerText('#who'), ADMIN.name);
  const { httpOnly, sameSite, value } = await cookie(context);
  assert.deepEqual([httpOnly, sameSite], [true, 'Lax']);
  assert.doesNotMatch(value, /eyJ/);
  assert.equal(await page.locator('script').count(), 0);
  await page.selectOption('#favourite', 'Shenlong');
  await page.click('text=Keep');
  assert.equal(await page.innerText('#kept'), 'Shenlong');
  await looked(page, 'favourite');
  await page.click('nav >> text=Profile');
  assert.match(await page.innerText('.claims'), new RegExp(ADMIN.email));
  await looked(page, 'profile');
  await page.click('#sign-out');
  await page.locator('#sign-in').waitFor();
  assert.equal(page.url(), `${home}/`);
  await page.click('#sign-in');
  await page.locator('input[name=password]').waitFor();
});

test('beside serve --dev it needs no settings: it is registered where it listens', async () => {
  const script = await readFile(join(import.meta.dirname, '../../examples/session-app/app.js'), 'utf8');
  const defaults = { ISSUER: 'http://localhost:4400', CLIENT_ID: registered.client_id, PORT: new URL(USUAL).port };
  for (const [name, value] of Object.entries(defaults)) assert.ok(script.includes(`${name} = '${value}'`), name);
  assert.deepEqual(
    [registered.redirect_uris, registered.post_logout_redirect_uris, registered.backchannel_logout_uri, registered.jwks_uri],
    [[`${USUAL}/callback`], [`${USUAL}/`], `${USUAL}/backchannel-logout`, `${USUAL}/jwks.json`],
  );
});

test('a name is text, whatever is in it', async (t) => {
  const name = '<img src=x onerror="document.title=1">"\'</p><b>Bobby';
  const person = await server.addUser('bobby@example.test', name, 'tables that are dropped at night');
  const page = await (await profile(t, browser)).newPage();
  await signIn(page, person);
  assert.equal(await page.innerText('#who'), name);
  await page.click('nav >> text=Profile');
  assert.ok((await page.innerText('.claims')).includes(name));
  assert.equal(await page.locator('img[src=x], main b').count(), 0);
});

test('a guarded page asks to sign in and comes back to it', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(`${home}/profile?tab=2`);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.locator('.claims').waitFor();
  assert.equal(page.url(), `${home}/profile?tab=2`);
});

test('the session has another name after signing in, and the back button takes no answer twice', async (t) => {
  const context = await profile(t, browser);
  const page = await context.newPage();
  await page.goto(home);
  await page.click('#sign-in');
  const before = await cookie(context);
  const answer = page.waitForRequest((request) => request.url().startsWith(`${home}/callback`));
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.locator('#sign-out').waitFor();
  assert.ok(before.value);
  assert.notEqual((await cookie(context)).value, before.value);
  await page.goto((await answer).url());
  assert.equal(page.url(), `${home}/`);
  assert.equal(await page.innerText('#who'), ADMIN.name);
});

test('a form that the app did not make changes nothing', async (t) => {
  const context = await profile(t, browser);
  const page = await context.newPage();
  await signIn(page);
  const post = (path, data) => context.request.post(`${home}${path}`, { form: data, maxRedirects: 0 });
  for (const form_token of [undefined, '', 'guessed', 'x'.repeat(43)]) {
    const form = { favourite: 'Tianlong', ...(form_token !== undefined && { form_token }) };
    assert.equal((await post('/favourite', form)).status(), 403);
    assert.equal((await post('/logout', form)).status(), 403);
  }
  await page.reload();
  assert.equal(await page.innerText('#kept'), 'None yet');
});

for (const host of ['localhost', '127.0.0.1'])
  test(`a page at another port of ${host} sends the forms of the app by itself, and changes nothing`, async (t) => {
    const stranger = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><link rel="icon" href="data:,">'));
    await once(stranger.listen(0, '127.0.0.1'), 'listening');
    t.after(() => (stranger.closeAllConnections(), stranger.close()));
    const context = await profile(t, browser, { tolerate: /CORS policy|ERR_FAILED/ });
    const page = await context.newPage();
    await signIn(page);
    const evil = await context.newPage();
    for (const [path, fields] of [['/favourite', { favourite: 'Tianlong', form_token: 'guessed' }], ['/logout', { form_token: '' }], ['/logout', {}]]) {
      await evil.goto(`http://${host}:${stranger.address().port}`);
      const answer = evil.waitForResponse((response) => response.url() === `${home}${path}` && response.request().resourceType() === 'document');
      const shown = evil.waitForEvent('load');
      await evil.evaluate(async ([action, all]) => {
        for (const mode of ['cors', 'no-cors'])
          await fetch(action, { method: 'POST', mode, credentials: 'include', body: new URLSearchParams(all) }).catch(() => {});
        const form = Object.assign(document.createElement('form'), { action, method: 'post' });
        for (const [name, value] of Object.entries(all)) form.append(Object.assign(document.createElement('input'), { name, value, type: 'hidden' }));
        document.body.append(form);
        form.submit();
      }, [`${home}${path}`, fields]);
      await shown;
      assert.equal((await answer).status(), 403, path);
    }
    await page.reload();
    assert.equal(await page.innerText('#kept'), 'None yet');
    assert.equal(await page.innerText('#who'), ADMIN.name);
  });

test('who declines is told so, and an answer to no question of this browser is dropped', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await page.goto(`${home}/login`);
  await page.click('button[name=decision][value=deny]');
  await page.getByText('You said no').waitFor();
  await looked(page, 'declined');
  await page.goto(`${home}/callback?code=stolen&state=x`);
  assert.equal(page.url(), `${home}/`);
  assert.ok(await page.isVisible('#sign-in'));
});

test('signing out elsewhere ends the session here, and nobody else can say so', async (t) => {
  const page = await (await profile(t, browser)).newPage();
  await signIn(page);
  for (const logout_token of ['', 'x.y.z', 'eyJhbGciOiJub25lIn0.e30.']) {
    const refused = await fetch(`${home}/backchannel-logout`, { method: 'POST', body: new URLSearchParams({ logout_token }) });
    assert.equal(refused.status, 400);
  }
  await page.reload();
  assert.ok(await page.isVisible('#sign-out'));
  const elsewhere = await page.context().newPage();
  await elsewhere.goto(`${server.issuer}/logout`);
  await elsewhere.click('main button[type=submit]');
  await elsewhere.getByRole('heading', { name: 'You are signed out' }).waitFor();
  const until = Date.now() + 10_000;
  do await page.goto(home);
  while ((await page.locator('#sign-in').count()) === 0 && Date.now() < until);
  assert.ok(await page.isVisible('#sign-in'));
});
