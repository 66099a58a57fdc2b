/** What a browser itself has to do with the end of a session: pages that watch it, with `oidc-client-ts`, and frames that are told of it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { fillIn, launch, pictures, profile } from './support/browser.js';
import { ADMIN, Server } from './support/server.js';

const find = createRequire(import.meta.url).resolve;
const LIBRARY = join(dirname(find('oidc-client-ts/package.json')), 'dist/browser/oidc-client-ts.js');

let server, browser, app, stranger, watching, told;

/** An app: a page with the library, one for silent answers, and one that ends its own session by a cookie of its own. */
async function serve() {
  const library = await readFile(LIBRARY);
  const visits = [];
  const page = (script) => `<!doctype html><title>App</title><link rel="icon" href="data:,"><script src="/library.js"></script><script>${script}</script>`;
  const listener = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    visits.push({ path: url.pathname, query: Object.fromEntries(url.searchParams), cookie: request.headers.cookie ?? '' });
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (url.pathname === '/library.js') response.setHeader('content-type', 'text/javascript').end(library);
    else if (url.pathname === '/silent') response.end(page('new oidc.UserManager({ authority: "x", client_id: "x", redirect_uri: "x" }).signinSilentCallback()'));
    else if (url.pathname === '/signed-out') response.setHeader('set-cookie', 'app-session=; Max-Age=0; Path=/').end('<!doctype html><title>out</title>');
    else response.end(page(''));
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return { origin: `http://localhost:${listener.address().port}`, visits, close: () => listener.close() };
}

before(async () => {
  server = await Server.start();
  browser = await launch();
  app = await serve();
  stranger = await serve();
  const flags = ['--redirect', `${app.origin}/`, '--redirect', `${app.origin}/silent`, '--origin', app.origin, '--post-logout', `${app.origin}/bye`];
  const register = async (name, metadata) => {
    const { client } = await server.command(['client', 'add', '--spa', '--name', name, ...flags]);
    await server.command(['client', 'set', client.client_id, '--metadata', await server.file(`${client.client_id}.json`, metadata)]);
    return client.client_id;
  };
  watching = await register('Watching', { session_management: true });
  told = await register('Dragons', {
    frontchannel_logout_uri: `${app.origin}/signed-out`,
    frontchannel_logout_session_required: true,
    initiate_login_uri: `${app.origin}/begin?tenant=1`,
  });
});
after(async () => {
  await browser?.close();
  for (const one of [app, stranger]) one?.close();
  await server?.stop();
});

/** Signs in at a client through the library; gives the page, on which `manager` and `events` are. */
async function signedIn(context, client, settings = {}) {
  const page = await context.newPage();
  await page.goto(`${app.origin}/`);
  const prepare = ({ authority, client_id, origin, settings }) => {
    globalThis.events = [];
    globalThis.manager = new oidc.UserManager({
      authority, client_id, redirect_uri: `${origin}/`, silent_redirect_uri: `${origin}/silent`,
      post_logout_redirect_uri: `${origin}/bye`, scope: 'openid email', automaticSilentRenew: false, ...settings,
    });
    manager.events.addUserSignedOut(() => events.push('signed out'));
    manager.events.addUserSessionChanged(() => events.push('changed'));
  };
  const facts = { authority: server.issuer, client_id: client, origin: app.origin, settings };
  await page.evaluate(prepare, facts);
  await page.evaluate(() => void manager.signinRedirect());
  const back = page.waitForURL(`${app.origin}/?code=*`);
  if (await Promise.race([back.then(() => false), page.locator('input[name=password]').waitFor().then(() => true)])) {
    await fillIn(page, ADMIN.email, ADMIN.password);
  }
  await back;
  await page.evaluate(prepare, facts);
  const user = await page.evaluate(async () => {
    const user = await manager.signinRedirectCallback();
    return { sub: user.profile.sub, sid: user.profile.sid, session_state: user.session_state };
  });
  return { page, user };
}

const watched = { monitorSession: true, checkSessionIntervalInSeconds: 1 };
const eventsOf = (page) => page.evaluate(() => [...events]);

test('oidc-client-ts: a page notices that the person has signed out elsewhere, and nothing while they have not', async (t) => {
  const context = await profile(t, browser);
  const { page, user } = await signedIn(context, watching, watched);
  assert.match(user.session_state, /^[\w-]{43}\.[\w-]+$/);
  const frame = await page.waitForFunction(() => document.querySelector('iframe')?.src);
  assert.equal(await frame.jsonValue(), `${server.issuer}/check-session`);
  // What such a frame answers, asked directly, in one of the test's own: the library's hears the library, too.
  await page.evaluate((src) => {
    const frame = Object.assign(document.createElement('iframe'), { src, id: 'asked' });
    const loaded = new Promise((done) => frame.addEventListener('load', done));
    document.body.append(frame);
    return loaded.then(() => {});
  }, `${server.issuer}/check-session`);
  const asked = async (message) =>
    page.evaluate(
      ([message, origin]) =>
        new Promise((done) => {
          const frame = document.querySelector('#asked').contentWindow;
          const take = (event) => event.source === frame && (removeEventListener('message', take), done(event.data));
          addEventListener('message', take);
          frame.postMessage(message, origin);
        }),
      [message, server.issuer],
    );
  assert.equal(await asked(`${watching} ${user.session_state}`), 'unchanged');
  assert.equal(await asked(`other ${user.session_state}`), 'changed', 'of another client');
  for (const malformed of ['', 'x', `${watching}`, `${watching} x.y`, ` ${user.session_state}`, `${watching}  ${user.session_state}`]) {
    assert.equal(await asked(malformed), 'error', JSON.stringify(malformed));
  }
  // §3.2: whoever is not one of the expected origins gets no answer, here a frame in the same page.
  const answered = page.evaluate(
    ([message, origin]) =>
      new Promise((done) => {
        addEventListener('message', ({ data }) => /^(stranger|asked): /.test(data) && done(data));
        const at = [...document.querySelectorAll('iframe')].indexOf(document.querySelector('#asked'));
        const script = `addEventListener('message', ({ data }) => parent.postMessage('stranger: ' + data, '*'));
          parent[${at}].postMessage(${JSON.stringify(message)}, ${JSON.stringify(origin)});
          setTimeout(() => parent.postMessage('asked: no answer', '*'), 500)`;
        const stranger = Object.assign(document.createElement('iframe'), { srcdoc: `<script>${script}<\/script>` });
        stranger.sandbox = 'allow-scripts';
        document.body.append(stranger);
      }),
    [`${watching} ${user.session_state}`, server.issuer],
  );
  assert.equal(await answered, 'asked: no answer');
  assert.deepEqual(await eventsOf(page), []);

  const elsewhere = await context.newPage();
  await elsewhere.goto(`${server.issuer}/`);
  await elsewhere.click('main button');
  await elsewhere.getByText('You are signed out').waitFor();
  await page.waitForFunction(() => events.includes('signed out'));
});

test('oidc-client-ts: the lines of the manual, as they stand', async (t) => {
  const manual = await readFile(new URL('../../docs/manual/flows/session-management.md', import.meta.url), 'utf8');
  const [, example] = /```js\n(.*?)```/s.exec(manual);
  const context = await profile(t, browser);
  const { page } = await signedIn(context, watching);
  const facts = `const { UserManager } = oidc, issuer = ${JSON.stringify(server.issuer)}, origin = ${JSON.stringify(app.origin)};`;
  await page.evaluate(`(() => { ${facts} ${example.replace("'shop'", JSON.stringify(watching))}; globalThis.ofManual = manager; })()`);
  const isIn = () => page.evaluate(() => ofManual.getUser().then((user) => user !== null));
  assert.equal(await isIn(), true);
  await page.waitForFunction(() => document.querySelector('iframe')?.src.endsWith('/check-session'));
  const elsewhere = await context.newPage();
  await elsewhere.goto(`${server.issuer}/`);
  await elsewhere.click('main button');
  await elsewhere.getByText('You are signed out').waitFor();
  await page.waitForFunction(() => ofManual.getUser().then((user) => user === null));
});

test('a page of somebody else cannot frame what watches', async (t) => {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(`${stranger.origin}/`);
  const refused = page.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()));
  await page.evaluate((src) => void document.body.append(Object.assign(document.createElement('iframe'), { src })), `${server.issuer}/check-session`);
  await refused;
});

test('front-channel logout: the app is told in a frame, with its cookies, and the person goes on', async (t) => {
  const context = await profile(t, browser);
  const { page, user } = await signedIn(context, told);
  await context.addCookies([{ name: 'app-session', value: 's', url: app.origin }]);
  app.visits.length = 0;
  await page.evaluate(() => void manager.signoutRedirect({ state: 'x' }));
  await page.waitForURL(`${app.origin}/bye?state=*`);
  const visit = app.visits.find(({ path }) => path === '/signed-out');
  assert.deepEqual(visit.query, { iss: server.issuer, sid: user.sid });
  assert.match(visit.cookie, /app-session=s/);
  assert.ok(!(await context.cookies()).some(({ name }) => name === 'app-session'), 'its own session has ended');
});

test('front-channel logout without script: the same, a little later', async (t) => {
  const context = await profile(t, browser);
  const { page, user } = await signedIn(context, told);
  const id_token = await page.evaluate(async () => (await manager.getUser()).id_token);
  const plain = await browser.newContext({ javaScriptEnabled: false, storageState: await context.storageState() });
  t.after(() => plain.close());
  const quiet = await plain.newPage();
  app.visits.length = 0;
  const query = new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri: `${app.origin}/bye` });
  await quiet.goto(`${server.issuer}/logout?${query}`, { waitUntil: 'commit' });
  await quiet.waitForURL(`${app.origin}/bye`);
  assert.equal(app.visits.find(({ path }) => path === '/signed-out')?.query.sid, user.sid);
});

test('whoever comes to the server itself finds the way to an app that can begin a sign-in', async (t) => {
  const context = await profile(t, browser);
  const page = await context.newPage();
  await page.goto(`${server.issuer}/login`);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.locator('#apps').waitFor();
  await pictures(page, 'home-with-apps');
  await page.click('#apps a');
  await page.waitForURL(`${app.origin}/begin?*`);
  assert.deepEqual(Object.fromEntries(new URL(page.url()).searchParams), { tenant: '1', iss: server.issuer });
});

test('the pages of signing out and of choosing an account', async (t) => {
  const context = await profile(t, browser);
  const { page } = await signedIn(context, told);
  await page.goto(`${server.issuer}/logout`);
  await page.getByText('Dragons').first().waitFor();
  await pictures(page, 'logout-with-apps');
  await page.goto(
    `${server.issuer}/authorize?${new URLSearchParams({
      client_id: told, redirect_uri: `${app.origin}/`, response_type: 'code', scope: 'openid', prompt: 'select_account',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256',
    })}`,
  );
  await pictures(page, 'select-account');
  await page.click('button[value=continue]');
  await page.waitForURL(`${app.origin}/?code=*`);
  await page.goto(`${server.issuer}/logout`);
  await page.click('main button');
  await page.locator('#told').waitFor();
  await pictures(page, 'signed-out-with-frames');
});
