import { AsyncPipe } from '@angular/common';
import { Component, computed, inject } from '@angular/core';
import { Router, RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import { SymbolonAuth } from 'symbolon/angular';
import { explain } from './explain';

/** The frame around every page. Who is signed in decides what it shows; what anybody may do is decided by the API. */
@Component({
  selector: 'app-root',
  imports: [AsyncPipe, RouterLink, RouterLinkActive, RouterOutlet],
  template: `
    <a class="skip" href="#main" (click)="skip($event, main)">Skip to the content</a>
    <header class="bar">
      <a class="brand" routerLink="/"><img src="icon.svg" alt="" width="28" height="28" />Dragons</a>
      <nav aria-label="Pages">
        <a routerLink="/" routerLinkActive="here" ariaCurrentWhenActive="page" [routerLinkActiveOptions]="{ exact: true }">Home</a>
        <a routerLink="/profile" routerLinkActive="here" ariaCurrentWhenActive="page">Profile</a>
        @if (auth.hasRole('admin')) {
          <a routerLink="/admin" routerLinkActive="here" ariaCurrentWhenActive="page">Orders</a>
        }
      </nav>
      <div class="account">
        @if (auth.loggedIn$ | async) {
          <span id="who">{{ name() }}</span>
          <button id="sign-out" class="button quiet" type="button" (click)="auth.logout({ returnTo: '/' })">Sign out</button>
        } @else {
          <button id="sign-in" class="button" type="button" (click)="signIn()">Sign in</button>
        }
      </div>
    </header>
    <main id="main" tabindex="-1" #main>
      @if (problem()) {
        <p id="problem" class="alert" role="alert">{{ problem() }}</p>
      }
      <router-outlet />
    </main>
  `,
})
export class App {
  protected readonly auth = inject(SymbolonAuth);
  protected readonly name = computed(() => this.auth.user()?.['name'] ?? this.auth.user()?.['email'] ?? this.auth.user()?.['sub']);
  protected readonly problem = computed(() => explain(this.auth.state()));

  constructor() {
    const router = inject(Router);
    this.auth.sdk.on('signed-out', () => router.navigateByUrl('/')); // here or in another tab: leave guarded pages
  }

  protected signIn(): void {
    this.auth.login().catch(() => {}); // what went wrong is in the state
  }

  /** The hash of this link is no route. */
  protected skip(event: Event, main: HTMLElement): void {
    event.preventDefault();
    main.focus();
  }
}
