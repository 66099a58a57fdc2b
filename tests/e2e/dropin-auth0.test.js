/**
 * Apps that were made for Auth0, in a real Chromium: auth0-js and auth0-spa-js, told another domain and client id and nothing else. Over TLS,
 * as those libraries want it. What they do in frames and popups over plain HTTP: web-message.test.js.
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillIn, launch, profile } from './support/browser.js';
import { fetchWith, serverCertificate } from './support/certificates.js';
import { overTls, serveSite } from './support/site.js';
import { ADMIN, Server } from './support/server.js';

const root = (name) => dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
const REALM = 'Username-Password-Authentication';
const get = fetchWith();

let server, browser, app;
const registered = {};

before(async () => {
  const [spaJs, auth0Js, oldJs] = await Promise.all([
    readFile(join(root('@auth0/auth0-spa-js'), 'dist/auth0-spa-js.production.js'), 'utf8'),
    readFile(join(root('auth0-js'), 'dist/auth0.min.js'), 'utf8'),
    readFile(join(root('auth0-js-8'), 'build/auth0.min.js'), 'utf8'),
  ]);
  const { settings, front } = overTls;
  // Auth0's issuers end in a slash, and so its libraries expect it.
  const slash = (origin) => `${front(origin)}/`;
  // They all take the same name.
  const scripts = { '/spa.js': `${spaJs}\nvar spaJs = auth0;`, '/auth0-8.js': `${oldJs}\nvar auth08 = auth0;`, '/auth0.js': auth0Js };
  [server, browser, app] = await Promise.all([
    Server.start({ settings, front: slash, ca: serverCertificate }),
    launch(),
    serveSite(scripts),
  ]);
  const add = async (name, ...flags) => {
    const places = ['--redirect', `${app.origin}/callback`, '--post-logout', `${app.origin}/bye`, '--origin', app.origin];
    const { client, client_secret: secret } = await server.command(['client', 'add', '--name', name, ...places, '--preset', 'auth0', '--api', `${server.api}=read:dragons`, ...flags]);
    return { id: client.client_id, secret };
  };
  registered.spa = await add('Shop', '--spa');
  registered.own = await add('Shop with a page of its own', '--spa', '--password-sign-in');
  registered.web = await add('Shop on a server', '--web');
});
after(async () => {
  await browser?.close();
  app?.close();
  await server?.stop();
});

/** A page of the app in a fresh browser, on which `web` (auth0-js) and `spa` (auth0-spa-js) are made as their manuals say. */
async function open(t, { client = registered.spa, responseType = 'token id_token', spa = {} } = {}) {
  const context = await profile(t, browser, { ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const facts = { domain: new URL(server.issuer).host, client: client.id, audience: server.api, home: `${app.origin}/callback`, responseType, spa };
  await page.addInitScript((facts) => {
    addEventListener('DOMContentLoaded', () => {
      if (!globalThis.spaJs) return;
      const { domain, client, audience, home, responseType } = facts;
      globalThis.web = new auth0.WebAuth({ domain, clientID: client, redirectUri: home, audience, responseType, scope: 'openid profile email read:dragons' });
      globalThis.spa = new spaJs.Auth0Client({ domain, clientId: client, authorizationParams: { audience, redirect_uri: home, scope: 'openid profile email read:dragons' }, ...facts.spa });
      /** A call that ends in a callback. */
      globalThis.done = (call) => new Promise((resolve) => call((error, result) => resolve({ error, result })));
    });
  }, facts);
  await page.goto(`${app.origin}/`);
  return page;
}

const home = (page) => page.waitForURL((url) => url.origin === app.origin && url.pathname === '/callback');

/** Through the hosted page and back to the app; `begin` navigates. */
async function signIn(page, begin) {
  await page.evaluate(begin);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await home(page);
}

/** Whether the sample API lets a token in. */
const dragons = async (token) => (await fetch(`${server.api}/api/dragons`, { headers: { authorization: `Bearer ${token}` } })).status;

test('auth0-js: authorize, parseHash, userInfo, checkSession, logout', async (t) => {
  const page = await open(t);
  await signIn(page, () => web.authorize());
  const { error, result } = await page.evaluate(() => done((end) => web.parseHash(end)));
  assert.equal(error, null);
  assert.deepEqual([result.idTokenPayload.iss, result.idTokenPayload.aud], [`${server.issuer}/`, registered.spa.id]);
  assert.deepEqual([result.idTokenPayload.email, result.idTokenPayload.name], [ADMIN.email, ADMIN.name]);
  assert.deepEqual([result.tokenType, typeof result.expiresIn], ['Bearer', 'number']);
  assert.equal(await dragons(result.accessToken), 200);
  const user = await page.evaluate((token) => done((end) => web.client.userInfo(token, end)), result.accessToken);
  assert.equal(user.result.email, ADMIN.email);
  const refused = await page.evaluate(() => done((end) => web.client.userInfo('nonsense', end)));
  assert.deepEqual([refused.error.statusCode, refused.error.code], [401, 'invalid_token'], 'readable across origins');

  const again = await page.evaluate(() => done((end) => web.checkSession({ timeout: 10_000 }, end)));
  assert.equal(again.result.idTokenPayload.sub, result.idTokenPayload.sub);
  const shown = [];
  page.on('response', (response) => response.url().startsWith(server.issuer) && response.ok() && shown.push(response.url()));
  await page.evaluate((returnTo) => web.logout({ returnTo }), `${app.origin}/bye`);
  await page.waitForURL(`${app.origin}/bye`);
  assert.deepEqual(shown, [], 'no page asks: the app itself sent its person');
  const over = await page.evaluate(() => done((end) => web.checkSession({ timeout: 10_000 }, end)));
  assert.equal(over.error.code, 'login_required');
});

// It has no leeway for clocks, takes one audience, and no other issuer than `https://DOMAIN/`.
test('auth0-js 8.5, of 2017: authorize, parseHash, userInfo', async (t) => {
  const page = await open(t);
  const make = () =>
    page.evaluate(({ domain, client, audience, home }) => {
      globalThis.old = new auth08.WebAuth({ domain, clientID: client, redirectUri: home, audience, responseType: 'token id_token', scope: 'openid profile email read:dragons' });
    }, { domain: new URL(server.issuer).host, client: registered.spa.id, audience: server.api, home: `${app.origin}/callback` });
  await make();
  await signIn(page, () => old.authorize());
  await make();
  const { error, result } = await page.evaluate(() => done((end) => old.parseHash(end)));
  assert.equal(error, null, JSON.stringify(error));
  assert.equal(result.idTokenPayload.aud, registered.spa.id);
  assert.equal(await dragons(result.accessToken), 200);
  const user = await page.evaluate((token) => done((end) => old.client.userInfo(token, end)), result.accessToken);
  assert.equal(user.result.email, ADMIN.email);
});

test('auth0-js: logout without returnTo goes to the first registered address, and elsewhere never', async (t) => {
  const page = await open(t);
  await signIn(page, () => web.authorize());
  await page.evaluate(() => web.logout());
  await page.waitForURL(`${app.origin}/bye`);
  await page.evaluate(() => web.logout({ returnTo: 'https://evil.example/' }));
  await page.waitForURL((url) => url.origin === server.issuer);
  assert.match(await page.innerText('main'), /address is not registered[^]*Received returnTo\s+https:\/\/evil\.example\//);
});

test('auth0-js: a code for the app on a server, which proves itself with its secret in JSON', async (t) => {
  const page = await open(t, { client: registered.web, responseType: 'code' });
  await signIn(page, () => web.authorize({ state: 'of the server' }));
  const answer = new URL(page.url()).searchParams;
  assert.equal(answer.get('state'), 'of the server');
  const { id, secret } = registered.web;
  const redeem = (body) => get(`${server.issuer}/oauth/token`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ grant_type: 'authorization_code', client_id: id, code: answer.get('code'), redirect_uri: `${app.origin}/callback`, ...body }) });
  assert.equal((await redeem({ client_secret: `${secret}x` })).status, 401);
  const tokens = await (await redeem({ client_secret: secret })).json();
  assert.equal(await dragons(tokens.access_token), 200);
  assert.equal((await (await redeem({ client_secret: secret })).json()).error, 'invalid_grant', 'a code works once');
});

test('auth0-js: a code with PKCE, redeemed by oauthToken in the page', async (t) => {
  const page = await open(t, { responseType: 'code' });
  const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
  await signIn(page, () => web.authorize({ codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', codeChallengeMethod: 'S256' }));
  const facts = { grantType: 'authorization_code', code: new URL(page.url()).searchParams.get('code'), codeVerifier: verifier, redirectUri: `${app.origin}/callback` };
  const { error, result } = await page.evaluate((facts) => done((end) => web.client.oauthToken(facts, end)), facts);
  assert.equal(error, null, JSON.stringify(error));
  assert.equal(await dragons(result.accessToken), 200);
});

test('auth0-js: login from a page of the app, which leaves the person signed in here', async (t) => {
  const page = await open(t, { client: registered.own });
  const login = ({ email, password, realm }) => done((end) => web.login({ email, password, realm }, end));
  const wrong = await page.evaluate(login, { email: ADMIN.email, password: 'not the password at all', realm: REALM });
  assert.deepEqual([wrong.error.code, wrong.error.description], ['access_denied', 'Wrong email or password']);
  const nobody = await page.evaluate(login, { email: 'nobody@example.test', password: ADMIN.password, realm: REALM });
  assert.deepEqual(nobody.error.original.error_description, wrong.error.original.error_description, 'whether there is an account, nobody is told');

  const asked = page.waitForRequest((request) => request.url().includes('login_ticket='));
  page.evaluate(login, { email: ADMIN.email, password: ADMIN.password, realm: REALM }).catch(() => {}); // navigates
  await home(page);
  const { result } = await page.evaluate(() => done((end) => web.parseHash(end)));
  assert.equal(result.idTokenPayload.email, ADMIN.email);
  const again = await page.evaluate(() => done((end) => web.checkSession({ timeout: 10_000 }, end)));
  assert.equal(again.result.idTokenPayload.sub, result.idTokenPayload.sub);

  // What went over the address bar is of no use to whoever reads it there.
  const thief = await (await profile(t, browser, { ignoreHTTPSErrors: true })).newPage();
  await thief.goto((await asked).url());
  await thief.locator('input[name=password]').waitFor();
});

test('auth0-js: a ticket is for one browser and its page: nobody is signed in with somebody else’s', async (t) => {
  const [attacker, victim] = [await open(t, { client: registered.own }), await open(t, { client: registered.own })];
  const give = ({ domain, client, username, password, realm }) =>
    fetch(`https://${domain}/co/authenticate`, { method: 'POST', credentials: 'include', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ client_id: client, username, password, realm }) }).then((answer) => answer.json());
  const facts = { domain: new URL(server.issuer).host, client: registered.own.id, username: ADMIN.email, password: ADMIN.password, realm: REALM };
  const { login_ticket: loginTicket } = await attacker.evaluate(give, facts);
  assert.match(loginTicket, /^sym_lt_/);
  await victim.evaluate((loginTicket) => web.authorize({ loginTicket }), loginTicket);
  await victim.locator('input[name=password]').waitFor();
  await attacker.evaluate((loginTicket) => web.authorize({ loginTicket }), loginTicket);
  await home(attacker);
});

test('auth0-js: popup.loginWithCredentials brings tokens in a frame', async (t) => {
  const page = await open(t, { client: registered.own });
  const facts = { email: ADMIN.email, password: ADMIN.password, connection: REALM };
  const { error, result } = await page.evaluate((facts) => done((end) => web.popup.loginWithCredentials(facts, end)), facts);
  assert.equal(error, null, JSON.stringify(error));
  assert.equal(await dragons(result.accessToken), 200);
  assert.equal(page.url(), `${app.origin}/`);
});

test('auth0-js: client.login sends a password only where the operator lets the client see it', async (t) => {
  const login = async (client, password) => {
    const page = await open(t, { client });
    return page.evaluate((facts) => done((end) => web.client.login(facts, end)), { realm: REALM, username: ADMIN.email, password });
  };
  const { result } = await login(registered.own, ADMIN.password);
  assert.equal(await dragons(result.accessToken), 200);
  const wrong = await login(registered.own, 'not the password at all');
  assert.deepEqual([wrong.error.statusCode, wrong.error.code, wrong.error.description], [403, 'invalid_grant', 'Wrong email or password']);
  assert.equal((await login(registered.spa, ADMIN.password)).error.code, 'unauthorized_client');
});

test('auth0-js: changePassword mails a link to whoever has the account', async (t) => {
  const page = await open(t);
  const ask = (email) => page.evaluate((facts) => done((end) => web.changePassword(facts, end)), { email, connection: REALM });
  const [known, nobody] = [await ask(ADMIN.email), await ask('nobody@example.test')];
  assert.deepEqual([known, nobody.error], [{ error: null, result: 'If an account uses that address, a link is on its way.' }, null]);
  assert.equal(nobody.result, known.result, 'whether there is an account, nobody is told');
  // Beside the letters about sign-ins from browsers that were new to the account.
  const isReset = ({ text }) => /https:\/\/localhost:\d+\/reset\?/.test(text);
  const letters = async () => (await (await get(`${server.issuer}/dev/mail.json`)).json()).letters.filter(isReset);
  let sent = [];
  for (const until = Date.now() + 15_000; sent.length === 0 && Date.now() < until; ) sent = await letters();
  assert.deepEqual(sent.map(({ to }) => to), [ADMIN.email]);
});

test('auth0-js: signup mails a link, and the account begins behind it with the password that was chosen', async (t) => {
  const page = await open(t);
  const wish = { email: 'grace@example.test', password: 'seven calm otters knit', connection: REALM };
  const ask = (facts) => page.evaluate((sent) => done((end) => web.signup(sent, end)), facts);
  const { error, result } = await ask(wish);
  assert.deepEqual([error, result.email, result.emailVerified], [null, wish.email, false]);
  const weak = await ask({ ...wish, password: 'short' });
  assert.deepEqual([weak.error.code, weak.error.policy], ['invalid_password', 'at least 15 characters']);
  let letter;
  for (const until = Date.now() + 15_000; !letter && Date.now() < until; ) {
    letter = (await (await get(`${server.issuer}/dev/mail.json`)).json()).letters.find(({ to }) => to === wish.email);
  }
  await page.goto(/https:\/\/localhost:\d+\/signup\/confirm\?\S+/.exec(letter.text)[0]);
  await page.fill('input[type=password]', wish.password);
  await page.click('main form button[type=submit]');
  await page.getByRole('heading', { name: 'Account created' }).waitFor();
});

test('auth0-spa-js: redirect, user, a token in a hidden frame, logout', async (t) => {
  const page = await open(t);
  await signIn(page, () => spa.loginWithRedirect({ appState: { target: '/orders' } }));
  const state = await page.evaluate(() => spa.handleRedirectCallback());
  assert.equal(state.appState.target, '/orders');
  const user = await page.evaluate(() => spa.getUser());
  assert.deepEqual([user.email, user.name], [ADMIN.email, ADMIN.name]);
  const tokens = await page.evaluate(async () => [await spa.getTokenSilently(), await spa.getTokenSilently({ cacheMode: 'off' })]);
  assert.notEqual(tokens[0], tokens[1]);
  assert.equal(await dragons(tokens[1]), 200);
  await page.evaluate((returnTo) => spa.logout({ logoutParams: { returnTo } }), `${app.origin}/bye`);
  await page.waitForURL(`${app.origin}/bye`);
  const over = await page.evaluate(() => spa.getTokenSilently().catch(({ error }) => error));
  assert.equal(over, 'login_required');
});

/** Token answers from now on, those that its worker gets among them. */
function tokenAnswers(page) {
  const answers = [];
  page.on('response', (response) => {
    const { request, url } = { request: response.request(), url: response.url() };
    if (url.endsWith('/oauth/token') && request.method() === 'POST') answers.push(response.json().catch(() => ({}))); // the page may be gone by then
  });
  return () => Promise.all(answers);
}

test('auth0-spa-js: refresh tokens, kept in its worker, rotate; the end of the session ends them', async (t) => {
  const page = await open(t, { spa: { useRefreshTokens: true } });
  const answers = tokenAnswers(page);
  await signIn(page, () => spa.loginWithRedirect());
  await page.evaluate(() => spa.handleRedirectCallback());
  const frames = [];
  page.on('frameattached', () => frames.push(1));
  const tokens = await page.evaluate(async () => [await spa.getTokenSilently({ cacheMode: 'off' }), await spa.getTokenSilently({ cacheMode: 'off' })]);
  assert.notEqual(tokens[0], tokens[1]);
  assert.equal(await dragons(tokens[1]), 200);
  const got = await answers();
  assert.equal(new Set(got.map(({ refresh_token }) => refresh_token)).size, 3, 'each works once');
  assert.ok(got.every(({ refresh_token, id_token }) => refresh_token && id_token));
  assert.equal((await page.evaluate(() => spa.getIdTokenClaims())).email, ADMIN.email);
  await server.command(['session', 'end', '--user', ADMIN.email, '--yes']);
  const over = await page.evaluate(() => spa.getTokenSilently({ cacheMode: 'off' }).catch(({ error }) => error));
  assert.equal(over, 'invalid_grant');
  assert.deepEqual(frames, [], 'no frame was needed');
});

test('auth0-spa-js: a refresh token that has ended is made up for by a hidden frame, as long as there is a session', async (t) => {
  const page = await open(t, { spa: { useRefreshTokens: true, useRefreshTokensFallback: true } });
  const answers = tokenAnswers(page);
  await signIn(page, () => spa.loginWithRedirect());
  await page.evaluate(() => spa.handleRedirectCallback());
  const frames = [];
  page.on('frameattached', () => frames.push(1));
  const [{ refresh_token: token }] = await answers();
  const body = new URLSearchParams({ client_id: registered.spa.id, token });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  assert.equal((await get(`${server.issuer}/oauth/revoke`, { method: 'POST', headers, body: body.toString() })).status, 200);
  // It knows such an end by the words of the error.
  assert.equal(await dragons(await page.evaluate(() => spa.getTokenSilently({ cacheMode: 'off' }))), 200);
  assert.equal(frames.length, 1);
  await page.evaluate(() => spa.revokeRefreshToken());
  await page.context().clearCookies();
  const over = await page.evaluate(() => spa.getTokenSilently({ cacheMode: 'off' }).catch(({ error }) => error));
  assert.equal(over, 'login_required');
});

test('auth0-spa-js: refresh by JSON, and a popup', async (t) => {
  const page = await open(t, { spa: { useRefreshTokens: true, useFormData: false } });
  const popup = page.waitForEvent('popup');
  const done = page.evaluate(() => spa.loginWithPopup({}, { timeoutInSeconds: 30 }));
  await fillIn(await popup, ADMIN.email, ADMIN.password);
  await done;
  const types = [];
  page.on('request', (request) => request.url().endsWith('/oauth/token') && types.push(request.headers()['content-type']));
  assert.equal(await dragons(await page.evaluate(() => spa.getTokenSilently({ cacheMode: 'off' }))), 200);
});

test('auth0-spa-js: DPoP binds the token to a key of the browser', async (t) => {
  const page = await open(t, { spa: { useDpop: true, useRefreshTokens: true } });
  await signIn(page, () => spa.loginWithRedirect());
  await page.evaluate(() => spa.handleRedirectCallback());
  const url = `${server.api}/api/dragons`;
  const prove = async (url) => {
    const accessToken = await spa.getTokenSilently({ cacheMode: 'off' });
    return { accessToken, proof: await spa.generateDpopProof({ url, method: 'GET', accessToken }) };
  };
  const { accessToken, proof } = await page.evaluate(prove, url);
  const shown = await fetch(url, { headers: { authorization: `DPoP ${accessToken}`, dpop: proof } });
  assert.equal(shown.status, 200, await shown.text());
  assert.equal(await dragons(accessToken), 401, 'without the proof it is worth nothing');
});
