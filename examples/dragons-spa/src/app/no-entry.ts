import { Component } from '@angular/core';
import { RouterLink } from '@angular/router';

/** For people who are signed in and lack a role. */
@Component({
  imports: [RouterLink],
  template: `
    <h1>Not for you</h1>
    <p class="lead">You are signed in, but that page is for people with another role. <a routerLink="/">Back to the dragons</a></p>
  `,
})
export class NoEntry {}
