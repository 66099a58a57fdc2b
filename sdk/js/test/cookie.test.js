/** Cookie mode without a browser: what is refused before anything is sent, and the server's side of rendering. In a browser: tests/e2e/cookie.test.js. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionOf } from '../src/ssr.js';
import { createAuth } from '../src/symbolon.js';
import { API, OPTIONS, until, World } from './support/world.js';

const COOKIE = { ...OPTIONS, storage: 'cookie' };

/** Signs in as far as the answer of the token endpoint; gives the page's auth when it is settled. */
async function arrive(options, answer) {
  const world = new World();
  if (answer) world.issuer.issue = answer;
  const tab = world.tab();
  const first = createAuth(options, tab.load());
  await first.start();
  first.login().catch(() => {});
  await until(() => tab.page.visits.length > 0);
  const auth = createAuth(options, tab.follow('ada'));
  await auth.start();
  return { auth, world, page: tab.page };
}

test('one cookie is for one audience, and carries no proof', async () => {
  for (const [options, code] of [
    [{ ...COOKIE, apis: { [API]: {}, 'https://other.example.test': {} } }, 'config'],
    [{ ...COOKIE, dpop: true }, 'dpop_unavailable'],
  ]) {
    const auth = createAuth(options, new World().tab().load());
    await auth.start();
    await assert.rejects(auth.login(), { code }, 'before one leaves');
  }
});

test('a client that is not registered for cookies is told so, and its token goes nowhere', async () => {
  const { auth, world, page } = await arrive(COOKIE);
  assert.deepEqual([auth.state.status, auth.state.error.code], ['signed-out', 'config']);
  const left = JSON.stringify([world.localStorage, page.sessionStorage, page.printed]);
  assert.doesNotMatch(left, /access\d|refresh-\d/);
});

const session = { claims: { client_id: 'dragons', sub: 'u1' }, user: { sub: 'u1', name: 'Ada' }, csrf_token: 'page', expires_in: 60 };

test('a server asks with the one cookie whom it signs in', async () => {
  const asked = [];
  const options = {
    issuer: 'https://auth.example.test/',
    clientId: 'dragons',
    fetch: async (url, { headers }) => (asked.push([url, headers.cookie]), Response.json(session)),
  };
  const cookie = 'theme=dark; __Host-symbolon_access=a.b.c; x__Host-symbolon_access=1; __Host-symbolon-session=secret';
  for (const request of [{ headers: { cookie } }, new Request('https://app.example.test/', { headers: { cookie } })]) {
    const found = await sessionOf(request, options);
    assert.deepEqual([found.user.name, found.csrfToken, found.claims.sub], ['Ada', 'page', 'u1']);
    assert.deepEqual(asked.pop(), ['https://auth.example.test/session', '__Host-symbolon_access=a.b.c']);
  }
  assert.equal(await sessionOf({ headers: { cookie: 'theme=dark' } }, options), null);
  assert.equal(await sessionOf({ headers: {} }, options), null);
  assert.deepEqual(asked, [], 'nobody is asked about nothing');
});

test('nobody, another client, and an issuer that is away', async () => {
  const request = { headers: { cookie: 'symbolon_access-4400=a.b.c' } };
  const with_ = (fetch, clientId = 'dragons') => sessionOf(request, { issuer: 'http://localhost:4400', clientId, fetch });
  assert.equal(await with_(async () => Response.json({}, { status: 401 })), null);
  assert.equal(await with_(async () => Response.json(session), 'other'), null);
  await assert.rejects(with_(async () => Response.json({}, { status: 503 })));
});
