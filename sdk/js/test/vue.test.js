/** The Vue adapter with vue and vue-router, without a browser; in one: tests/e2e/adapters.test.js. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSSRApp, h } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import { authGuard, symbolon, useAuth } from '../src/vue.js';
import { FakeAuth } from './support/fake-auth.js';

const Page = { render: () => h('p') };
const ROUTES = [
  { path: '/', component: Page },
  { path: '/no-entry', component: Page },
  { path: '/profile', component: Page, meta: { signedIn: true } },
  { path: '/admin', component: Page, meta: { role: 'admin' } },
  { path: '/dragons', component: Page, meta: { scope: 'read:dragons' } },
];

/** An app at `path`, and where its router ends up; `address` is what the address bar says. */
async function at(t, path, auth, { base = '/base', address = `${base}${path}` } = {}) {
  globalThis.location = new URL(address, 'https://app.example.test');
  t.after(() => delete globalThis.location);
  const router = createRouter({ history: createMemoryHistory(base), routes: ROUTES });
  authGuard(router, '/no-entry');
  const app = createSSRApp(Page).use(symbolon, { auth }).use(router);
  await router.push(path);
  return { router, app, where: () => router.currentRoute.value.fullPath };
}

test('refs follow the state', async (t) => {
  const auth = new FakeAuth();
  const { app } = await at(t, '/', auth);
  const { user, status, roles, auth: same } = app.runWithContext(useAuth);
  assert.deepEqual([user.value, status.value], [null, 'signed-out']);
  auth.set(FakeAuth.signedIn().state);
  assert.deepEqual([user.value.name, roles.value, same], ['Ada', ['keeper'], auth]);
});

test('without the plugin the message says what is missing', () => {
  assert.throws(() => createSSRApp(Page).runWithContext(useAuth), /app\.use\(symbolon/);
});

test('signed in, the guard lets in who may and sends the others elsewhere', async (t) => {
  for (const base of ['/base', ''])
    for (const [path, expected] of [['/profile', '/profile'], ['/dragons', '/dragons'], ['/admin', '/no-entry']])
      assert.equal((await at(t, path, FakeAuth.signedIn(), { base })).where(), expected);
});

test('signed out, the guard asks to sign in and remembers the address, base included', async (t) => {
  const auth = new FakeAuth();
  await at(t, '/admin?page=2#top', auth);
  assert.deepEqual(auth.logins, [{ returnTo: '/base/admin?page=2#top' }]);
});

test('a sign-in that was declined is not asked for again by the page it leads back to', async (t) => {
  const auth = new FakeAuth({ error: { code: 'access_denied' } });
  const { router, where } = await at(t, '/profile', auth);
  assert.deepEqual([where(), auth.logins.length], ['/no-entry', 0]);
  await router.push('/profile');
  assert.equal(auth.logins.length, 1, 'a click asks again');
});

test('a sign-in page that cannot be reached leads elsewhere', async (t) => {
  const auth = new FakeAuth();
  auth.leaving = Promise.reject(new Error('network'));
  for (const base of ['/base', '']) assert.equal((await at(t, '/profile', auth, { base })).where(), '/no-entry');
});

test('… nor when the router has read the address of the answer before', async (t) => {
  const auth = new FakeAuth({ error: { code: 'access_denied' } });
  const { where } = await at(t, '/?error=access_denied&state=s', auth, { address: '/base/profile' });
  assert.deepEqual([where(), auth.logins.length], ['/no-entry', 0]);
});

test('a router that has read the address with the code in it goes where the address says since', async (t) => {
  const { where } = await at(t, '/?code=c&state=s', FakeAuth.signedIn(), { address: '/base/profile?tab=2' });
  assert.equal(where(), '/profile?tab=2');
});
