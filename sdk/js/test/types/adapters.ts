// Compiled, never run: the adapters as TypeScript sees them.
import { provideHttpClient, withInterceptors } from '@angular/common/http';
import { type ApplicationConfig, inject } from '@angular/core';
import { provideRouter, type Routes } from '@angular/router';
import { createElement } from 'react';
import { createApp } from 'vue';
import { createRouter, createWebHistory } from 'vue-router';
import { createAuth } from 'symbolon';
import { provideSymbolon, roleGuard, scopeGuard, signedInGuard, SymbolonAuth, symbolonInterceptor } from 'symbolon/angular';
import { RequireRole, SignedIn, SignedOut, SymbolonProvider, useAuth, useUser } from 'symbolon/react';
import { authGuard, symbolon, useAuth as useVueAuth } from 'symbolon/vue';

const options = { issuer: 'https://auth.example.com', clientId: 'dragons-spa' };
const auth = createAuth(options);

// Angular
class Profile {
  symbolon = inject(SymbolonAuth);
  name: string = this.symbolon.user()?.name;
  signedIn: boolean = this.symbolon.loggedIn() && this.symbolon.hasRole('admin') && this.symbolon.hasScope('x');
  off = this.symbolon.loggedIn$.subscribe((signedIn: boolean) => signedIn);
  people = this.symbolon.user$.subscribe((user) => user?.name);
  leave = (): Promise<void> => this.symbolon.logout({ returnTo: '/' });
}
const routes: Routes = [
  { path: 'profile', component: Profile, canActivate: [signedInGuard] },
  { path: 'admin', component: Profile, canActivate: [roleGuard('admin', '/no-entry'), scopeGuard('x')] },
];
export const config: ApplicationConfig = {
  providers: [provideRouter(routes), provideHttpClient(withInterceptors([symbolonInterceptor])), provideSymbolon(options), provideSymbolon(auth)],
};
// @ts-expect-error the client is required
provideSymbolon({ issuer: 'https://auth.example.com' });

// React
export function App() {
  const { user, status } = useAuth();
  const name: string | undefined = useUser()?.name;
  return createElement(SymbolonProvider, { auth }, createElement(SignedIn, null, user?.name, name), createElement(SignedOut, null, status));
}
createElement(RequireRole, { role: 'admin', otherwise: 'no' });
// @ts-expect-error which role?
createElement(RequireRole, {});

// Vue
const router = createRouter({ history: createWebHistory(), routes: [] });
authGuard(router);
createApp({}).use(symbolon, { auth }).use(router);
export const who = (): string | undefined => useVueAuth().user.value?.name;
// @ts-expect-error the SDK is needed
createApp({}).use(symbolon, {});
