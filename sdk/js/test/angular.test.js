/** The Angular adapter with Angular's own injector, HttpClient and types of route, and no browser. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import '@angular/compiler'; // published packages are linked when they are loaded
import { Location } from '@angular/common';
import { HttpBackend, HttpClient, HttpErrorResponse, HttpEventType, HttpResponse, provideHttpClient, withInterceptors } from '@angular/common/http';
import {
  APP_INITIALIZER,
  createEnvironmentInjector,
  ɵChangeDetectionScheduler as ChangeDetectionScheduler,
  ɵINJECTOR_SCOPE as INJECTOR_SCOPE,
  NgZone,
  ɵNoopNgZone as NoopNgZone,
  runInInjectionContext,
} from '@angular/core';
import { Router } from '@angular/router';
import { firstValueFrom, Observable, of, throwError, toArray } from 'rxjs';
import { provideSymbolon, roleGuard, scopeGuard, signedInGuard, SymbolonAuth, symbolonInterceptor } from '../src/angular.js';
import { FakeAuth } from './support/fake-auth.js';

const API = 'https://api.example.test';

/** An injector as an app has it; `backend` answers instead of the network. */
function world(t, auth, { backend, navigated = true } = {}) {
  const router = { navigated, parseUrl: (url) => ({ url }) };
  const location = { prepareExternalUrl: (url) => `/base${url}` };
  const injector = createEnvironmentInjector(
    [
      provideHttpClient(withInterceptors([symbolonInterceptor])),
      provideSymbolon(auth),
      { provide: INJECTOR_SCOPE, useValue: 'root' }, // as if it were an application's
      { provide: ChangeDetectionScheduler, useValue: { notify() {} } },
      { provide: NgZone, useClass: NoopNgZone },
      { provide: Router, useValue: router },
      { provide: Location, useValue: location },
      { provide: HttpBackend, useValue: { handle: backend } },
    ],
    undefined,
  );
  t.after(() => injector.destroyed || injector.destroy());
  const guard = (one, url = '/profile') => runInInjectionContext(injector, () => one({}, { url }));
  return { injector, guard, symbolon: injector.get(SymbolonAuth), http: injector.get(HttpClient) };
}

test('signals and observables follow the state', async (t) => {
  const auth = new FakeAuth();
  const { symbolon, injector } = world(t, auth);
  const seen = [];
  symbolon.loggedIn$.subscribe((value) => seen.push(value));
  const names = [];
  symbolon.user$.subscribe((user) => names.push(user?.name));
  assert.equal(symbolon.loggedIn(), false);
  for (const name of ['Ada', 'Ada', 'Ada L.']) auth.set({ ...FakeAuth.signedIn().state, user: { name } });
  assert.equal(symbolon.user().name, 'Ada L.');
  assert.ok(symbolon.hasRole('keeper') && symbolon.hasScope('read:dragons'));
  assert.ok(!symbolon.hasRole('admin') && !symbolon.hasScope('admin'));
  auth.set({});
  assert.deepEqual(seen, [false, true, false]);
  assert.equal(symbolon.state().status, 'signed-out');
  assert.deepEqual(names.at(-1), undefined);
  injector.destroy();
  assert.equal(auth.listeners.size, 2, 'the service itself listens no more');
});

test('the app waits for start()', async (t) => {
  const auth = new FakeAuth();
  let done;
  auth.start = () => new Promise((resolve) => (done = resolve));
  const { injector } = world(t, auth);
  const [initializer] = injector.get(APP_INITIALIZER);
  const waiting = runInInjectionContext(injector, initializer);
  assert.ok(waiting instanceof Promise);
  done();
  await waiting;
});

test('signed in, the guards let in who may and send the others elsewhere', (t) => {
  const { guard } = world(t, FakeAuth.signedIn());
  for (const one of [signedInGuard, scopeGuard('read:dragons'), roleGuard('keeper')]) assert.equal(guard(one), true);
  assert.deepEqual(guard(roleGuard('admin')), { url: '/' });
  assert.deepEqual(guard(scopeGuard('burn:dragons', '/no-entry')), { url: '/no-entry' });
});

test('signed out, a guard asks to sign in and remembers the address, base included', async (t) => {
  const auth = new FakeAuth();
  const { guard } = world(t, auth);
  assert.equal(await guard(roleGuard('admin'), '/admin?page=2#top'), false);
  assert.deepEqual(auth.logins, [{ returnTo: '/base/admin?page=2#top' }]);
});

test('a sign-in that was declined is not asked for again by the page it leads back to', async (t) => {
  const auth = new FakeAuth({ error: { code: 'access_denied' } });
  assert.deepEqual(world(t, auth, { navigated: false }).guard(signedInGuard), { url: '/' });
  assert.deepEqual(auth.logins, []);
  assert.equal(await world(t, auth).guard(signedInGuard), false, 'a click asks again');
});

test('a sign-in page that cannot be reached leads elsewhere', async (t) => {
  const auth = new FakeAuth();
  auth.leaving = Promise.reject(new Error('network'));
  assert.deepEqual(await world(t, auth).guard(signedInGuard), { url: '/' });
});

test('the interceptor leaves requests to others alone', async (t) => {
  const backend = (request) => of(new HttpResponse({ body: request.headers.keys(), status: 200 }));
  const { http } = world(t, FakeAuth.signedIn(), { backend });
  assert.deepEqual(await firstValueFrom(http.get('https://elsewhere.example.test', { headers: { 'X-Own': '1' } })), ['X-Own']);
  assert.deepEqual(await firstValueFrom(http.get('/assets/list.json')), []);
  const headers = { Authorization: 'Basic b3du' };
  const own = (request) => of(new HttpResponse({ body: request.headers.get('Authorization'), status: 200 }));
  assert.equal(await firstValueFrom(world(t, FakeAuth.signedIn(), { backend: own }).http.get(`${API}/x`, { headers })), 'Basic b3du');
});

test('the interceptor adds the token, and after a 401 the app sees the second answer only', async (t) => {
  const tokens = [];
  const backend = (request) => {
    tokens.push([request.headers.get('Authorization'), request.body]);
    const status = tokens.length === 1 ? 401 : 200;
    return status === 401 ? throwError(() => new HttpErrorResponse({ status })) : of({ type: HttpEventType.Sent }, new HttpResponse({ body: 'yes', status }));
  };
  const { http } = world(t, FakeAuth.signedIn(), { backend });
  const events = await firstValueFrom(http.post(`${API}/orders`, { item: 1 }, { observe: 'events' }).pipe(toArray()));
  assert.equal(events.at(-1).body, 'yes');
  assert.deepEqual(tokens, [['Bearer stale', { item: 1 }], ['Bearer fresh', { item: 1 }]]);
});

test('cookie mode: HttpClient sends the cookies along, and the page’s token, and no other request has them', async (t) => {
  const backend = ({ withCredentials, headers }) => of(new HttpResponse({ body: [withCredentials ?? false, headers.get('X-CSRF-Token'), headers.get('Authorization')], status: 200 }));
  const { http } = world(t, Object.assign(FakeAuth.signedIn(), { inCookie: true }), { backend });
  assert.deepEqual(await firstValueFrom(http.post(`${API}/orders`, {})), [true, 'of the page', null]);
  assert.deepEqual(await firstValueFrom(http.post('https://elsewhere.example.test', {})), [false, null, null]);
});

test('a refusal reaches the app as the error of HttpClient, a broken connection too', async (t) => {
  for (const status of [403, 0]) {
    const backend = () => throwError(() => new HttpErrorResponse({ status }));
    const { http } = world(t, FakeAuth.signedIn(), { backend });
    await assert.rejects(firstValueFrom(http.get(`${API}/orders`)), (error) => error instanceof HttpErrorResponse && error.status === status);
  }
});

test('who unsubscribes cancels the request, or keeps it from being sent', async (t) => {
  let sent = 0;
  let cancelled = 0;
  const backend = () => new Observable(() => (sent++, () => cancelled++));
  const { http } = world(t, FakeAuth.signedIn(), { backend });
  http.get(`${API}/orders`).subscribe().unsubscribe();
  const one = http.get(`${API}/orders`).subscribe();
  await new Promise(setImmediate);
  one.unsubscribe();
  assert.deepEqual([sent, cancelled], [1, 1]);
});
