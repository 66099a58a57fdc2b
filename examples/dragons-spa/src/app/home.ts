import { httpResource } from '@angular/common/http';
import { Component, inject } from '@angular/core';
import { SymbolonAuth } from 'symbolon/angular';
import { API } from './config';
import { refusal } from './refusal';

interface Dragon {
  name: string;
  kind: string;
  length: number;
}

/** The dragons. Anybody may ask for them: it is the API that wants to know who. */
@Component({
  template: `
    <h1>A register of dragons</h1>
    <p class="lead">An Angular app that signs people in with Symbolon and calls an API that asks who is there.</p>
    <section class="card" aria-labelledby="dragons-title">
      <h2 id="dragons-title">Dragons</h2>
      <div id="dragons" role="status">
        @if (dragons.error(); as error) {
          <p class="refusal">{{ refusal(error) }}</p>
        } @else if (dragons.hasValue()) {
          <ul class="rows">
            @for (dragon of dragons.value(); track dragon.name) {
              <li><span>{{ dragon.name }}, {{ dragon.kind }}</span> <span class="amount">{{ dragon.length }} m</span></li>
            }
          </ul>
        } @else {
          <p>Loading…</p>
        }
      </div>
      <button id="load-dragons" class="button quiet" type="button" (click)="dragons.reload()">Ask again</button>
    </section>
  `,
})
export class Home {
  private readonly auth = inject(SymbolonAuth);
  private readonly api = inject(API);
  protected readonly refusal = refusal;
  protected readonly dragons = httpResource<Dragon[]>(() => {
    this.auth.loggedIn(); // asks again whenever somebody signs in or out
    return `${this.api}/api/dragons`;
  });
}
