/** An Angular app with angular-auth-oidc-client and @auth0/angular-jwt, which shows both to whoever tests it. */

import '@angular/compiler';
import { HttpClient, provideHttpClient, withInterceptors, withInterceptorsFromDi } from '@angular/common/http';
import { Component, importProvidersFrom } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { provideRouter } from '@angular/router';
import { JwtHelperService, JwtModule } from '@auth0/angular-jwt';
import { authInterceptor, OidcSecurityService, provideAuth } from 'angular-auth-oidc-client';
import { firstValueFrom } from 'rxjs';

const { origin, host } = location;
const Root = Component({ selector: 'app-root', template: 'ready' })(class {});
let kept = null;

/** Starts the app: what differs between servers is `authority` and `clientId`. */
globalThis.start = async ({ authority, clientId, audience }) => {
  const config = {
    authority,
    clientId,
    redirectUrl: `${origin}/callback`,
    postLogoutRedirectUri: `${origin}/bye`,
    scope: 'openid profile email offline_access read:dragons',
    responseType: 'code',
    useRefreshToken: true,
    silentRenew: true,
    secureRoutes: [`${origin}/api/oidc`],
    customParamsAuthRequest: { audience },
  };
  const jwt = { tokenGetter: () => kept, allowedDomains: [host], disallowedRoutes: [`${origin}/api/oidc`] };
  const { injector } = await bootstrapApplication(Root, {
    providers: [
      provideRouter([{ path: '**', component: Root }]),
      provideHttpClient(withInterceptors([authInterceptor()]), withInterceptorsFromDi()),
      provideAuth({ config }),
      importProvidersFrom(JwtModule.forRoot({ config: jwt })),
    ],
  });
  const [oidc, http, helper] = [OidcSecurityService, HttpClient, JwtHelperService].map((one) => injector.get(one));
  globalThis.app = {
    check: () => firstValueFrom(oidc.checkAuth()),
    authorize: () => oidc.authorize(),
    renew: () => firstValueFrom(oidc.forceRefreshSession()),
    leave: () => firstValueFrom(oidc.logoffAndRevokeTokens()),
    get: (path) => firstValueFrom(http.get(`${origin}${path}`)),
    keep: (token) => (kept = token),
    read: (token) => ({ claims: helper.decodeToken(token), expired: helper.isTokenExpired(token) }),
  };
};
