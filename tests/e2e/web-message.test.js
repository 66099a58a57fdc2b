/** Answers by message in a real Chromium: hidden frames and popups, as the Auth0 libraries ask for them. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillIn, launch, pictures, profile } from './support/browser.js';
import { ADMIN, Server } from './support/server.js';

const find = createRequire(import.meta.url).resolve;
const root = (name) => dirname(find(`${name}/package.json`));
const SPA = join(root('@auth0/auth0-spa-js'), 'dist/auth0-spa-js.production.js');
const AUTH0 = join(root('auth0-js'), 'dist/auth0.min.js');

const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

let server, browser, app, stranger, client;

/** A page with both libraries, which take the same name, at an origin of its own. */
async function serve() {
  const files = { '/spa.js': await readFile(SPA), '/auth0.js': await readFile(AUTH0) };
  const page = '<!doctype html><title>App</title><link rel="icon" href="data:,"><script src="/spa.js"></script><script>var spaJs = auth0</script><script src="/auth0.js"></script>';
  const listener = createServer((request, response) => {
    const file = files[request.url];
    response.setHeader('content-type', file ? 'text/javascript' : 'text/html; charset=utf-8').end(file ?? page);
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return { origin: `http://localhost:${listener.address().port}`, close: () => listener.close() };
}

before(async () => {
  // Both libraries want an issuer that ends in a slash.
  const front = (origin) => `${origin.replace('127.0.0.1', 'localhost')}/`;
  server = await Server.start({ front });
  browser = await launch();
  app = await serve();
  stranger = await serve();
  const metadata = await server.file('spa.json', {
    response_types: ['code', 'id_token token'],
    grant_types: ['authorization_code', 'implicit', 'refresh_token'],
    profile_claims: 'id_token_too',
  });
  const flags = ['--redirect', app.origin, '--redirect', `${stranger.origin}/`, '--origin', app.origin, '--api', `${server.api}=read:dragons`];
  const added = await server.command(['client', 'add', '--spa', '--name', 'Messages', ...flags]);
  client = added.client.client_id;
  await server.command(['client', 'set', client, '--metadata', metadata]);
});
after(async () => {
  await browser?.close();
  for (const one of [app, stranger]) one?.close();
  await server?.stop();
});

const facts = () => ({ domain: server.issuer, client, audience: server.api, home: app.origin });

/** The app's page, with someone signed in at the server if asked for. */
async function open(t, signedIn, options) {
  const context = await profile(t, browser, options);
  if (signedIn) {
    const page = await context.newPage();
    await page.goto(`${server.issuer}/login`);
    await fillIn(page, ADMIN.email, ADMIN.password);
    await page.waitForURL(`${server.issuer}/`);
    await page.close();
  }
  const page = await context.newPage();
  await page.goto(`${app.origin}/`);
  return page;
}

/** `getTokenSilently` of auth0-spa-js, in a hidden frame: refresh tokens are off. */
const silently = (page) =>
  page.evaluate(async ({ domain, client, audience, home }) => {
    const spa = new spaJs.Auth0Client({ domain, clientId: client, authorizationParams: { audience, redirect_uri: home, scope: 'openid email read:dragons' } });
    try {
      const token = await spa.getTokenSilently({ timeoutInSeconds: 10 });
      return { token, user: await spa.getUser() };
    } catch (error) {
      return { error: error.error ?? String(error) };
    }
  }, facts());

test('auth0-spa-js: a token in a hidden frame, for whoever is signed in', async (t) => {
  const page = await open(t, true);
  const { token, user, error } = await silently(page);
  assert.equal(error, undefined);
  assert.equal(user.email, ADMIN.email);
  const answer = await fetch(`${server.api}/api/dragons`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
  assert.equal(page.url(), `${app.origin}/`, 'the page went nowhere');
});

test('auth0-spa-js: nobody signed in is login_required, in the same frame', async (t) => {
  const page = await open(t, false);
  assert.equal((await silently(page)).error, 'login_required');
});

test('auth0-spa-js: a popup signs in and hands over its answer', async (t) => {
  const page = await open(t, false);
  const popup = page.waitForEvent('popup');
  const done = page.evaluate(async ({ domain, client, audience, home }) => {
    const spa = new spaJs.Auth0Client({ domain, clientId: client, authorizationParams: { audience, redirect_uri: home, scope: 'openid email' } });
    await spa.loginWithPopup({}, { timeoutInSeconds: 30 });
    return spa.getUser();
  }, facts());
  const asking = await popup;
  await fillIn(asking, ADMIN.email, ADMIN.password);
  assert.equal((await done).email, ADMIN.email);
  if (!asking.isClosed()) await asking.waitForEvent('close');
});

test('auth0-js: checkSession gets tokens without a code', async (t) => {
  const page = await open(t, true);
  const got = await page.evaluate(
    ({ domain, client, audience, home }) =>
      new Promise((done) => {
        const host = new URL(domain).host;
        const web = new auth0.WebAuth({
          domain: host,
          clientID: client,
          redirectUri: home,
          audience,
          responseType: 'token id_token',
          scope: 'openid email',
          overrides: { __tenant: 'local', __token_issuer: `${domain}/`, __jwks_uri: `${domain}/.well-known/jwks.json` },
        });
        web.baseOptions.rootUrl = domain;
        web.client.baseOptions.rootUrl = domain;
        web.checkSession({ timeout: 10_000 }, (error, result) => done({ error, result }));
      }),
    facts(),
  );
  assert.equal(got.error, null, JSON.stringify(got.error));
  assert.equal(got.result.idTokenPayload.email, ADMIN.email);
  assert.equal(typeof got.result.expiresIn, 'number');
});

/** Frames the answer by hand and says what message arrives, if one does. */
const framed = (page, url) =>
  page.evaluate(
    (url) =>
      new Promise((done) => {
        const frame = document.createElement('iframe');
        addEventListener('message', (event) => done({ origin: event.origin, data: event.data }), { once: true });
        frame.onload = () => setTimeout(() => done(null), 500); // a message would have come before
        frame.src = url;
        document.body.append(frame);
      }),
    url,
  );

function request(redirect_uri, more = {}) {
  const url = new URL('/authorize', server.issuer);
  const all = { client_id: client, redirect_uri, response_type: 'code', response_mode: 'web_message', prompt: 'none', scope: 'openid', state: '</script>"', code_challenge: CHALLENGE, code_challenge_method: 'S256', ...more };
  url.search = new URLSearchParams(all);
  return url.href;
}

test('the message names its sender, carries the state as it was, and goes to the registered page', async (t) => {
  const page = await open(t, true);
  const { origin, data } = await framed(page, request(app.origin));
  assert.equal(origin, server.issuer);
  assert.equal(data.type, 'authorization_response');
  assert.equal(data.response.state, '</script>"');
  assert.equal(data.response.iss, `${server.issuer}/`);
  assert.match(data.response.code, /^sym_ac_/);
});

test('the function of the manual, as it stands', async (t) => {
  const manual = await readFile(new URL('../../docs/manual/flows/web-message.md', import.meta.url), 'utf8');
  const [, example] = /```js\n(.*?)```/s.exec(manual);
  const run = (page) => page.evaluate(`(() => { ${example}; return silently(...${JSON.stringify([server.issuer, client, CHALLENGE])}); })()`);
  assert.match((await run(await open(t, true))).code, /^sym_ac_/);
  assert.equal((await run(await open(t, false))).error, 'login_required');
});

test('a stranger who frames the page gets no message', async (t) => {
  const refusal = /Framing .* violates|Refused to frame|frame-ancestors/;
  const context = await browser.newContext();
  t.after(() => context.close());
  const signIn = await context.newPage();
  await signIn.goto(`${server.issuer}/login`);
  await fillIn(signIn, ADMIN.email, ADMIN.password);
  await signIn.waitForURL(`${server.issuer}/`);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  await page.goto(`${stranger.origin}/`);
  assert.equal(await framed(page, request(app.origin)), null);
  assert.ok(complaints.some((text) => refusal.test(text)), complaints.join('\n'));
  // Its own redirect URI is registered, its origin is not: the answer goes back as a redirect, with an error and no code.
  const frames = [];
  page.on('framenavigated', (frame) => frames.push(frame.url()));
  assert.equal(await framed(page, request(`${stranger.origin}/`)), null);
  assert.ok(frames.some((url) => url.startsWith(`${stranger.origin}/?error=invalid_request`)), frames.join('\n'));
});

test('standing alone, the page says so to nobody and looks like the others', async (t) => {
  const page = await open(t, true);
  await page.goto(request(app.origin));
  assert.equal(await page.innerText('h1'), 'Returning to Messages');
  await pictures(page, 'web-message');
});

test('without JavaScript the page says what is missing', async (t) => {
  const context = await profile(t, browser, { javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(request(app.origin));
  assert.match(await page.innerText('noscript'), /needs JavaScript/);
});
