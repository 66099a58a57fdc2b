/** A WebSocket with the SDK's tokens, against a socket that tests hold at the other end. */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { AuthError } from '../src/errors.js';
import { openSocket } from '../src/socket.js';

const URL_OF_API = 'wss://api.example.test/live';

/** The other end. */
class FakeSocket extends EventTarget {
  static made = [];
  readyState = 0;
  sent = [];

  constructor(url, protocols) {
    super();
    Object.assign(this, { url: String(url), protocols });
    FakeSocket.made.push(this);
  }

  send(data) {
    this.sent.push(JSON.parse(data));
  }

  close(code) {
    this.closed = code;
    this.end(code);
  }

  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
    return turn();
  }

  say(message) {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
    return turn();
  }

  end(code, reason = '') {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
    return turn();
  }
}

/** What the SDK does: a request with a token, and once more with a nonce if that is what is wanted. */
class FakeAuth {
  user = { sub: 'ada' };
  listeners = {};
  number = 0;
  on = (name, fn) => {
    this.listeners[name] = fn;
    return () => delete this.listeners[name];
  };
  fetch = async (url, { headers: asked, send }) => {
    const ask = (nonce) => {
      if (this.inCookie) return send(new Request(url, { headers: 'X-CSRF-Token' in asked ? { 'x-csrf-token': this.inCookie } : {} }), true);
      const headers = this.user ? { authorization: `DPoP token-${++this.number}`, dpop: nonce ?? 'proof' } : {};
      return send(new Request(url, { headers }));
    };
    if (this.fails) throw this.fails;
    const response = await ask();
    return response.status === 401 ? ask(response.headers.get('dpop-nonce')) : response;
  };
}

const turn = () => new Promise((done) => setImmediate(done));

async function world(t, before = () => {}) {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  FakeSocket.made = [];
  const auth = new FakeAuth();
  before(auth);
  const socket = openSocket(auth, URL_OF_API, { WebSocket: FakeSocket, protocols: ['dragons.v1'] });
  const seen = [];
  for (const name of ['open', 'message', 'close'])
    socket.addEventListener(name, ({ data, detail }) => seen.push(data ?? (detail ? (detail.error?.code ?? 'ended') : name)));
  await turn();
  return { auth, socket, seen, end: (index = FakeSocket.made.length - 1) => FakeSocket.made[index] };
}

async function opened(t) {
  const all = await world(t);
  await all.end().open();
  await all.end().say({ type: 'authenticated', expires_in: 300 });
  return all;
}

test('it shows token and proof first, and only then is open', async (t) => {
  const { socket, seen, end } = await world(t);
  assert.deepEqual([end().url, end().protocols], [URL_OF_API, ['dragons.v1']]);
  assert.equal(socket.send('"early"'), false);
  await end().open();
  assert.deepEqual(end().sent, [{ type: 'authenticate', token: 'token-2', dpop: 'proof' }], 'fresh, however long it took to connect');
  assert.equal(socket.isOpen, false);
  await end().say({ type: 'authenticated', expires_in: 300 });
  assert.equal(socket.send('"hello"'), true);
  await end().say({ dragon: 'Shenlong' });
  await end().say({ type: 'authenticated', of: 'the API, which nobody asked' });
  assert.deepEqual(seen, ['open', '{"dragon":"Shenlong"}', '{"type":"authenticated","of":"the API, which nobody asked"}']);
});

test('a nonce that is wanted is used on the same connection', async (t) => {
  const { seen, end } = await world(t);
  await end().open();
  await end().say({ type: 'refused', error: 'use_dpop_nonce', nonce: 'n-1' });
  assert.equal(end().sent[1].dpop, 'n-1');
  await end().say({ type: 'authenticated', expires_in: 300 });
  assert.deepEqual(seen, ['open']);
});

test('it renews when the SDK has renewed, and before the token ends', async (t) => {
  const { auth, seen, end } = await opened(t);
  auth.listeners.renewed();
  await turn();
  assert.equal(end().sent.length, 2);
  await end().say({ type: 'authenticated', expires_in: 300 });
  mock.timers.tick(291_000);
  await turn();
  assert.equal(end().sent.length, 2);
  mock.timers.tick(1_000);
  await turn();
  assert.equal(end().sent.length, 3);
  await end().say({ type: 'authenticated', expires_in: 300 });
  assert.deepEqual(seen, ['open'], 'it was open all the time');
  assert.equal(FakeSocket.made.length, 1);
});

test('an issuer that cannot be asked leaves the connection as it is', async (t) => {
  const { auth, seen, end } = await opened(t);
  auth.fails = new AuthError('network');
  auth.listeners.renewed();
  await turn();
  assert.deepEqual(seen, ['open']);
  auth.fails = undefined;
  mock.timers.tick(1_000);
  await turn();
  assert.equal(end().sent.length, 2);
});

for (const [code, reason, error] of [
  [4401, 'token_revoked', 'unauthorized'],
  [4401, 'token_invalid', 'unauthorized'],
  [4403, 'insufficient_scope', 'insufficient_scope'],
  [1000, '', 'ended'],
])
  test(`${code} ${reason} is the end`, async (t) => {
    const { auth, seen, end } = await opened(t);
    await end().end(code, reason);
    mock.timers.tick(600_000);
    await turn();
    assert.deepEqual([seen, FakeSocket.made.length], [['open', error], 1]);
    assert.deepEqual(auth.listeners, {}, 'nothing is left behind');
  });

for (const [code, reason] of [[1006, ''], [1001, ''], [1013, 'temporarily_unavailable'], [4401, 'token_expired']])
  test(`after ${code} ${reason} it comes back`, async (t) => {
    const { seen, end } = await opened(t);
    await end().end(code, reason);
    mock.timers.tick(1_000);
    await turn();
    await end(1).open();
    await end(1).say({ type: 'authenticated', expires_in: 300 });
    assert.deepEqual(seen, ['open', 'open']);
  });

test('a fresh token that is refused at once is not tried again', async (t) => {
  const { seen, end } = await world(t);
  await end().open();
  await end().end(4401, 'token_expired');
  mock.timers.tick(600_000);
  await turn();
  assert.deepEqual([seen, FakeSocket.made.length], [['unauthorized'], 1]);
});

test('it waits longer each time, up to half a minute', async (t) => {
  const { end } = await world(t);
  for (let times = 1; times <= 8; times++) {
    await end().end(1006);
    mock.timers.tick(30_000);
    await turn();
    assert.equal(FakeSocket.made.length, times + 1);
  }
});

test('signing out is the end', async (t) => {
  const { auth, seen, end } = await opened(t);
  auth.listeners['signed-out']();
  assert.deepEqual([seen, end().closed], [['open', 'login_required'], 1000]);
});

test('nobody opens none', async (t) => {
  const { seen } = await world(t, (auth) => (auth.user = null));
  assert.deepEqual([seen, FakeSocket.made.length], [['login_required'], 0]);
});

test('what cannot work is told at once', async (t) => {
  assert.throws(() => openSocket(new FakeAuth(), 'https://api.example.test/live'), { code: 'config' });
  const { seen } = await world(t, (auth) => (auth.fetch = async (url, { send }) => send(new Request(url))));
  assert.deepEqual([seen, FakeSocket.made.length], [['config'], 0]);
});

test('an issuer that cannot be asked yet is asked again', async (t) => {
  const { auth, end } = await world(t, (auth) => (auth.fails = new AuthError('network')));
  assert.equal(FakeSocket.made.length, 0);
  auth.fails = undefined;
  mock.timers.tick(1_000);
  await turn();
  assert.equal(end().url, URL_OF_API);
});

test('cookie mode: the page’s token is in the handshake, nothing is sent later, and the next token is a connection of its own', async (t) => {
  const { auth, seen, end } = await world(t, (auth) => (auth.inCookie = 'of the page'));
  assert.deepEqual(end().protocols, ['dragons.v1', 'symbolon.bearer', 'symbolon.csrf.b2YgdGhlIHBhZ2U']);
  await end().open();
  await end().say({ type: 'authenticated', expires_in: 300 });
  auth.listeners.renewed();
  await turn();
  mock.timers.tick(292_000);
  await turn();
  assert.deepEqual([seen, end().sent], [['open'], []]);
  auth.inCookie = 'of the page, later';
  await end().end(4401, 'token_expired');
  mock.timers.tick(1_000);
  await turn();
  assert.match(end(1).protocols[2], /IGxhdGVy$/);
  await end(1).open();
  await end(1).say({ type: 'authenticated', expires_in: 300 });
  assert.deepEqual(seen, ['open', 'open']);
});

test('close() is the end without an error', async (t) => {
  const { socket, seen, end } = await opened(t);
  socket.close();
  socket.close();
  assert.deepEqual([seen, end().closed, socket.send('"late"')], [['open', 'ended'], 1000, false]);
});
