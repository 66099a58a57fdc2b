/** Starts the app: what it is made of, in one place. */

import { provideHttpClient, withInterceptors } from '@angular/common/http';
import { isDevMode, provideBrowserGlobalErrorListeners } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { provideRouter } from '@angular/router';
import { provideSymbolon, symbolonInterceptor } from 'symbolon/angular';
import { App } from './app/app';
import { API, type Config } from './app/config';
import { routes } from './app/routes';

const { issuer, clientId, api, audience, dpop }: Config = await fetch('config.json').then((answer) => answer.json());

bootstrapApplication(App, {
  providers: [
    provideBrowserGlobalErrorListeners(),
    provideRouter(routes),
    provideHttpClient(withInterceptors([symbolonInterceptor])),
    provideSymbolon({ issuer, clientId, dpop, redirectUri: '/callback', apis: { [api]: { audience, scope: 'read:dragons' } } }),
    { provide: API, useValue: api },
  ],
});

if (!isDevMode()) navigator.serviceWorker?.register('service-worker.js');
