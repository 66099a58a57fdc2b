/** WebSockets and signed URLs as a page has them: the SDK in a real Chromium, examples/dragons-api beside the issuer. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillIn, launch, profile } from './support/browser.js';
import { Gateway } from './support/gateway.js';
import { quietPort } from './support/sample.js';
import { ADMIN, binary, Server } from './support/server.js';

let server, api, app, browser;

before(async () => {
  server = await Server.start();
  browser = await launch();
  app = await serveApp();
  api = await startApi();
  const plain = ['--redirect', `${app.origin}/plain`];
  for (const [id, path, ...more] of [['live', '', ...plain], ['live-cookie', 'cookie', '--delivery', 'cookie']])
    await server.command(['client', 'add', '--spa', '--id', id, '--name', 'Live', '--redirect', `${app.origin}/${path}`, '--api', `${server.api}=read:dragons`, ...more]);
});
after(async () => {
  await browser?.close();
  app?.listener.close();
  await stopApi();
  await server?.stop();
});

/** The sample API, built beside the server. */
async function startApi(port) {
  const origin = `http://localhost:${port ?? (await quietPort())}`;
  const more = { PUBLIC: origin, ORIGIN: app.origin, LISTEN: new URL(origin).host, COOKIE: `symbolon_access-${new URL(server.issuer).port}` };
  const env = { ...process.env, ISSUER: server.issuer, AUDIENCE: server.api, ...more };
  const child = spawn(join(dirname(binary()), 'dragons-api'), [], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.stdout.resume();
  return { origin, child };
}

async function stopApi() {
  if (!api || api.child.exitCode !== null || api.child.signalCode !== null) return;
  api.child.kill();
  await once(api.child, 'exit');
}

/** A page with the SDK, and its part for WebSockets. */
async function serveApp() {
  const listener = createServer(({ url }, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(page(new URL(url, 'http://app').pathname));
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  return { listener, origin: `http://localhost:${listener.address().port}` };
}

/** By path: how the page keeps its tokens. */
const CLIENTS = {
  '/': "clientId: 'live'",
  '/cookie': "clientId: 'live-cookie', storage: 'cookie', redirectUri: '/cookie'",
  '/plain': "clientId: 'live', storage: 'memory', dpop: false, redirectUri: '/plain'",
};

const page = (path) => `<!doctype html><title>Live</title><link rel="icon" href="data:,">${CLIENTS[path] ? script(path) : ''}`;

const script = (path) => `
<script type="module">
import { createAuth } from '${server.issuer}/sdk/v1/symbolon.js';
import { openSocket } from '${server.issuer}/sdk/v1/socket.js';
window.auth = createAuth({
  issuer: '${server.issuer}', apis: { '${api.origin}': { audience: '${server.api}', scope: 'read:dragons' } },
  ${CLIENTS[path]},
});
window.seen = [];
window.live = () => {
  const socket = openSocket(auth, '${api.origin.replace('http', 'ws')}/api/dragons/live');
  socket.addEventListener('open', () => seen.push('open'));
  socket.addEventListener('message', ({ data }) => seen.push(JSON.parse(data).dragon));
  socket.addEventListener('close', ({ detail }) => seen.push(detail.error?.code ?? 'closed'));
  return (window.socket = socket);
};
await auth.start();
if (!auth.user) auth.login();
</script>`;

/** Somebody signed in, with what goes over its WebSockets. */
async function signedIn(t, { email, password } = ADMIN, path = '/', options = {}) {
  const page = await (await profile(t, browser, options)).newPage();
  const frames = { sent: [], received: [] };
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => frames.sent.push(JSON.parse(payload)));
    socket.on('framereceived', ({ payload }) => frames.received.push(JSON.parse(payload)));
  });
  await page.goto(app.origin + path);
  await fillIn(page, email, password);
  await page.waitForFunction(() => window.auth?.user);
  return { page, frames };
}

const address = () => `${api.origin.replace('http', 'ws')}/api/dragons/live`;

/** A WebSocket without the SDK; gives the protocol that was agreed on. Its end, and what came before, is in `byHand`. */
const openByHand = (page, protocols, url = address()) =>
  page.evaluate(([url, all]) => new Promise((agreed) => {
    const socket = new WebSocket(url, all);
    window.byHand = { said: '', end: undefined };
    socket.onopen = () => agreed(socket.protocol);
    socket.onmessage = ({ data }) => (byHand.said += data);
    socket.onclose = ({ code, reason }) => agreed((byHand.end = [code, reason]));
  }), [url, protocols]);

/** Ends the person's sessions; gives code and reason by which the connection ends. */
async function revoked(page, user) {
  await page.waitForFunction(() => byHand.said.includes('Shenlong'));
  await server.command(['session', 'end', '--user', user.email, '--yes']);
  await page.waitForFunction(() => byHand.end);
  return page.evaluate(() => byHand.end);
}

const until = (page, what) => page.waitForFunction((name) => seen.includes(name), what);

test('dragons fly by as long as the token counts, and on with the next one', async (t) => {
  const { page, frames } = await signedIn(t);
  await page.evaluate(() => void live());
  await until(page, 'Shenlong');
  const [{ token, dpop, ...first }] = frames.sent;
  assert.deepEqual(first, { type: 'authenticate' });
  assert.ok(token && dpop, 'the token is bound to a key, and the proof stands beside it');
  // The SDK renews ahead of time: as when that has come.
  await page.evaluate(async () => {
    const renewed = new Promise((done) => auth.on('renewed', done));
    await auth.token({ minTtl: 100_000 }).catch(() => {});
    await renewed;
  });
  await page.waitForFunction(() => seen.filter((name) => name === 'Shenlong').length >= 2);
  assert.equal(frames.sent.length, 2);
  assert.notEqual(frames.sent[1].token, token);
  assert.equal(frames.received.filter(({ type }) => type === 'authenticated').length, 2);
  assert.equal(await page.evaluate(() => seen.filter((name) => name === 'open').length), 1, 'on the same connection');
  await page.evaluate(() => socket.close());
  await until(page, 'closed');
});

test('a session that ends takes the connection with it, and says why', async (t) => {
  const user = await server.addUser('bob@example.test', 'Bob', 'a long walk in the rain');
  const { page } = await signedIn(t, user);
  await page.evaluate(() => void live());
  await until(page, 'Fucanglong');
  await server.command(['session', 'end', '--user', user.email, '--yes']);
  await until(page, 'unauthorized');
});

test('cookie mode: the handshake is enough, after a cut as well, and nothing is sent over it', async (t) => {
  const user = await server.addUser('carol@example.test', 'Carol', 'marmalade sandwiches at noon');
  const { page, frames } = await signedIn(t, user, '/cookie', { tolerate: /ERR_CONNECTION_(REFUSED|RESET)/ });
  await page.evaluate(() => void live());
  await until(page, 'Fucanglong');
  await stopApi();
  api = await startApi(new URL(api.origin).port);
  await page.waitForFunction(() => seen.filter((name) => name === 'open').length === 2);
  await page.evaluate(() => (seen.length = 0));
  await until(page, 'Shenlong');
  assert.deepEqual(frames.sent, []);
  assert.equal(frames.received.filter(({ type }) => type === 'authenticated').length, 2);
  await server.command(['session', 'end', '--user', user.email, '--yes']);
  await page.waitForFunction(() => seen.includes('unauthorized') || seen.includes('login_required'));
});

test('cookie mode: a page of another origin of this host, which the browser sends the cookie for, opens nothing', async (t) => {
  const { page } = await signedIn(t, ADMIN, '/cookie', { tolerate: /WebSocket handshake: Unexpected response code: 403/ });
  const stranger = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><link rel="icon" href="data:,">'));
  await once(stranger.listen(0, '127.0.0.1'), 'listening');
  t.after(() => (stranger.closeAllConnections(), stranger.close()));
  const address = `${api.origin.replace('http', 'ws')}/api/dragons/live`;
  const open = (from) => from.evaluate((url) => new Promise((said) => {
    const socket = new WebSocket(url, ['symbolon.bearer']);
    socket.onmessage = ({ data }) => said(data);
    socket.onclose = ({ code }) => said(code);
  }), address);
  const evil = await page.context().newPage();
  await evil.goto(`http://localhost:${stranger.address().port}`);
  assert.equal(await open(evil), 1006, 'not from there');
  assert.equal(await open(page), 1006, 'nor by the app itself without the page’s token');
});

test('without the SDK, the token as a subprotocol: it is not said back, and a revocation closes with a code that says so', async (t) => {
  const user = await server.addUser('dave@example.test', 'Dave', 'seven small boats on a lake');
  const { page } = await signedIn(t, user, '/plain');
  const shown = await page.evaluate(async () => `symbolon.bearer.${btoa(await auth.token()).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '')}`);
  assert.equal(await openByHand(page, [shown, 'symbolon.bearer']), 'symbolon.bearer');
  assert.deepEqual(await revoked(page, user), [4401, 'token_revoked']);
});

test('without the SDK, the cookie of a page of the API’s own origin, with the page’s token: a revocation closes it likewise', async (t) => {
  const user = await server.addUser('erin@example.test', 'Erin', 'a violin without any strings');
  const { page } = await signedIn(t, user, '/cookie', { tolerate: /WebSocket handshake: Unexpected response code: 403/ });
  // As the SDK gets it: the page's token of the session.
  const csrf = await page.evaluate((url) => new Promise((said) => {
    const send = (request) => (said(request.headers.get('X-CSRF-Token')), new Response());
    auth.fetch(url, { headers: { 'X-CSRF-Token': '' }, stepUp: 'manual', send });
  }), `${api.origin}/api/dragons/live`);
  const own = await page.context().newPage();
  // What the API itself serves: a picture is a document, too.
  const body = JSON.stringify({ username: user.email, password: user.password });
  const answer = await fetch(`${server.issuer}/authenticate`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const headers = { authorization: `Bearer ${(await answer.json()).token}` };
  const { url } = await (await fetch(`${api.origin}/api/dragons/Tianlong/picture-url`, { headers })).json();
  await own.goto(api.origin + url);
  assert.deepEqual(await openByHand(own, ['symbolon.bearer']), [1006, ''], 'the cookie alone opens nothing');
  const shown = `symbolon.csrf.${Buffer.from(csrf).toString('base64url')}`;
  assert.equal(await openByHand(own, [shown, 'symbolon.bearer']), 'symbolon.bearer');
  assert.deepEqual(await revoked(own, user), [4401, 'token_revoked']);
});

test('through a gateway: the page has a cookie and the API a token, another origin opens nothing, and signing out cuts the connection', async (t) => {
  const gateway = await Gateway.start(server, {
    files: { 'index.html': '<!doctype html><title>App</title><link rel="icon" href="data:,">' },
    apis: [{ path: '/api', url: `${api.origin}/api`, audience: server.api, scope: 'read:dragons' }],
  });
  t.after(() => gateway.stop());
  const page = await (await profile(t, browser, { tolerate: /WebSocket handshake: Unexpected response code: 403|HTTP Authentication failed/ })).newPage();
  await page.goto(`${gateway.url}/login?return_to=/`);
  await fillIn(page, ADMIN.email, ADMIN.password);
  await page.waitForURL(`${gateway.url}/`);
  const url = `${gateway.url.replace('http', 'ws')}/api/dragons/live`;
  assert.equal(await openByHand(page, [], url), '');
  await page.waitForFunction(() => byHand.said.includes('Shenlong'));
  // Of the same host, so the browser sends the cookie along.
  const evil = await page.context().newPage();
  await evil.goto(`${app.origin}/empty`);
  assert.deepEqual(await openByHand(evil, [], url), [1006, '']);
  await page.evaluate(async () => {
    const { csrf_token: token } = await (await fetch('/session')).json();
    await fetch('/logout', { method: 'POST', headers: { 'X-CSRF-Token': token } });
  });
  await page.waitForFunction(() => byHand.end);
  assert.deepEqual(await page.evaluate(() => byHand.end), [1006, '']);
  assert.deepEqual(await openByHand(page, [], url), [1006, ''], 'nobody is signed in');
});

test('a picture by a signed URL: no token in it, and none needed', async (t) => {
  const { page } = await signedIn(t);
  const picture = await page.evaluate(async (origin) => {
    const { url } = await (await auth.fetch(`${origin}/api/dragons/Tianlong/picture-url`)).json();
    const image = new Image();
    image.src = origin + url;
    await image.decode();
    document.body.append(image);
    return { url, width: image.naturalWidth };
  }, api.origin);
  assert.ok(picture.width > 50, String(picture.width));
  const answer = await fetch(api.origin + picture.url);
  assert.deepEqual([answer.status, answer.headers.get('referrer-policy'), answer.headers.get('cache-control')],
    [200, 'no-referrer', 'private, no-store']);
  const other = await fetch(api.origin + picture.url.replace('Tianlong', 'Shenlong'));
  assert.equal(other.status, 401);
});

test('a link by a signed URL: the browser follows it without a token, and gets what it leads to', async (t) => {
  const { page } = await signedIn(t);
  const followed = page.waitForResponse((response) => response.request().isNavigationRequest());
  await page.evaluate(async (origin) => {
    const { url } = await (await auth.fetch(`${origin}/api/dragons/Tianlong/picture-url`)).json();
    const link = Object.assign(document.createElement('a'), { href: origin + url });
    document.body.append(link);
    link.click();
  }, api.origin);
  const answer = await followed;
  assert.deepEqual([answer.status(), answer.request().headers().authorization], [200, undefined]);
  assert.match(await answer.text(), /<svg/);
});
