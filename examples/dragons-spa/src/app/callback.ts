import { Component, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { SymbolonAuth } from 'symbolon/angular';

/**
 * Where the issuer sends people back to. By the time this app starts, the SDK has finished the sign-in and put the page
 * that was asked for into the address; so whoever sees this came with an answer to nothing, from a bookmark perhaps.
 */
@Component({
  imports: [RouterLink],
  template: `
    <h1>{{ auth.loggedIn() ? 'You are signed in' : 'You are not signed in' }}</h1>
    <p class="lead">This address only finishes a sign-in, and there is none to finish. <a routerLink="/">On to the dragons</a></p>
  `,
})
export class Callback {
  protected readonly auth = inject(SymbolonAuth);
}
