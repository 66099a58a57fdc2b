import type { Routes } from '@angular/router';
import { roleGuard, signedInGuard } from 'symbolon/angular';
import { Admin } from './admin';
import { Callback } from './callback';
import { Home } from './home';
import { NoEntry } from './no-entry';
import { Profile } from './profile';

/** Guards ask who is signed out to sign in, and come back to the page that was asked for. */
export const routes: Routes = [
  { path: '', component: Home, title: 'Dragons' },
  { path: 'callback', component: Callback, title: 'Signing in · Dragons' },
  { path: 'profile', component: Profile, title: 'Profile · Dragons', canActivate: [signedInGuard] },
  { path: 'admin', component: Admin, title: 'Orders · Dragons', canActivate: [roleGuard('admin', '/no-entry')] },
  { path: 'no-entry', component: NoEntry, title: 'Not for you · Dragons' },
  { path: '**', redirectTo: '' },
];
