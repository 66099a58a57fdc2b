/**
 * Angular: the sign-in as a service of signals and observables, an interceptor and route guards.
 *
 *     bootstrapApplication(App, { providers: [
 *       provideRouter(routes),
 *       provideHttpClient(withInterceptors([symbolonInterceptor])),
 *       provideSymbolon({ issuer, clientId, apis: { 'http://localhost:4402': { scope: 'read:dragons' } } }),
 *     ] });
 *
 * Guards show and hide; what is behind an API is guarded by the API.
 */

import { Location } from '@angular/common';
import { HttpResponse } from '@angular/common/http';
import { computed, DestroyRef, inject, makeEnvironmentProviders, provideAppInitializer, signal } from '@angular/core';
import { Router } from '@angular/router';
import { distinctUntilChanged, map, Observable } from 'rxjs';
import { createAuth } from './symbolon.js';

/** @typedef {import('./symbolon.js').Auth} Auth */
/** Made by provideSymbolon(); `inject(SymbolonAuth)` gives it. */
export class SymbolonAuth {
  /** @param {Auth} sdk whose `login` and `logout` stand here, too */
  constructor(sdk) {
    this.sdk = sdk;
    this.login = sdk.login;
    this.logout = sdk.logout;
    inject(DestroyRef).onDestroy(sdk.subscribe(this.#state.set));
  }

  #state = signal(/** @type {import('./symbolon.js').State} */ ({}));
  state = this.#state.asReadonly();
  /** Who is signed in, or null. */
  user = computed(() => this.#state().user);
  loggedIn = computed(() => this.#state().status === 'signed-in');
  /** Reads a signal: in a template it follows changes. @param {string} scope */
  hasScope = (scope) => this.#state().scopes.includes(scope);
  /** Reads a signal: in a template it follows changes. @param {string} role */
  hasRole = (role) => this.#state().roles.includes(role);

  /** The current state and every change of it. @type {Observable<import('./symbolon.js').State>} */
  state$ = new Observable((out) => this.sdk.subscribe((state) => out.next(state)));
  user$ = this.state$.pipe(map(this.user), distinctUntilChanged());
  loggedIn$ = this.state$.pipe(map(this.loggedIn), distinctUntilChanged());
}

/**
 * Provides SymbolonAuth. The app starts when `start()` has finished a sign-in or restored one, so that guards know.
 * @param {import('./symbolon.js').Options | Auth} options those of createAuth(), or what it has made
 */
export const provideSymbolon = (options) =>
  makeEnvironmentProviders([
    { provide: SymbolonAuth, useFactory: () => new SymbolonAuth('start' in options ? options : createAuth(options)) },
    provideAppInitializer(() => inject(SymbolonAuth).sdk.start()),
  ]);

/**
 * Sends the access token with requests to the `apis`, and with no others, by the rules of `auth.fetch`: a 401 renews
 * and tries once more. HttpClient goes on sending the requests itself.
 * @type {import('@angular/common/http').HttpInterceptorFn}
 */
export const symbolonInterceptor = (request, next) => {
  const { sdk } = inject(SymbolonAuth);
  return new Observable((out) => {
    /** @type {import('rxjs').Subscription | undefined} */
    let sending;
    /** Passes on the last answer: the one that counts. */
    let settle = () => {};
    const send = (/** @type {Request} */ { headers }, /** @type {boolean | undefined} */ withCredentials) =>
      new Promise((/** @type {(response: Response) => void} */ resolve, reject) => {
        if (out.closed) return; // unsubscribed while the token was on its way
        sending = next(request.clone({ setHeaders: Object.fromEntries(headers), withCredentials })).subscribe({
          next: (event) => {
            if (!(event instanceof HttpResponse)) return out.next(event);
            settle = () => (out.next(event), out.complete());
            resolve(outline(event));
          },
          error: (error) => {
            settle = () => out.error(error);
            error.status ? resolve(outline(error)) : reject(error);
          },
        });
      });
    const { method } = request;
    const own = request.headers.get('Authorization'); // one of the app's wins
    const headers = own ? { Authorization: own } : undefined;
    sdk.fetch(request.urlWithParams, { method, headers, send }).then(() => settle(), (error) => out.error(error));
    return () => sending?.unsubscribe();
  });
};

/** What auth.fetch needs to see of an answer. @param {import('@angular/common/http').HttpResponseBase} answer */
function outline({ status, headers }) {
  const pairs = /** @type {[string, string][]} */ (headers.keys().map((name) => [name, headers.get(name)]));
  return new Response(null, { status, headers: pairs });
}

/**
 * Asks who is not signed in to sign in, and comes back to the address. A sign-in that has just failed or was declined
 * is not asked for again at once, and `allowed` decides about the others: they land at `otherwise`.
 * @param {(auth: SymbolonAuth) => boolean} allowed @param {string} otherwise
 * @returns {import('@angular/router').CanActivateFn}
 */
const guard = (allowed, otherwise) => (_, { url }) => {
  const auth = inject(SymbolonAuth);
  const router = inject(Router);
  const elsewhere = () => router.parseUrl(otherwise);
  if (auth.loggedIn()) return allowed(auth) || elsewhere();
  if (auth.state().error && !router.navigated) return elsewhere();
  return auth.login({ returnTo: inject(Location).prepareExternalUrl(url) }).then(() => false, elsewhere);
};

/** For people who are signed in. */
export const signedInGuard = guard(() => true, '/');

/** @param {string} scope @param {string} [otherwise] where those land who were not granted it */
export const scopeGuard = (scope, otherwise = '/') => guard((auth) => auth.hasScope(scope), otherwise);

/** @param {string} role @param {string} [otherwise] where those land who do not have it */
export const roleGuard = (role, otherwise = '/') => guard((auth) => auth.hasRole(role), otherwise);
