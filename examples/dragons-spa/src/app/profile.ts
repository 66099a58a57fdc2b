import { DatePipe } from '@angular/common';
import { Component, computed, inject } from '@angular/core';
import { SymbolonAuth } from 'symbolon/angular';

/** What is known about the person who is signed in. */
@Component({
  imports: [DatePipe],
  template: `
    <h1>Profile</h1>
    <p class="lead">What Symbolon says about you.</p>
    <dl id="claims" class="claims">
      @for (claim of claims(); track claim.name) {
        <dt>{{ claim.name }}</dt>
        <dd>{{ claim.value }}</dd>
      }
    </dl>
    <p class="fine">Access until {{ auth.state().expiresAt | date: 'mediumTime' }}, renewed by itself while this page is open.</p>
  `,
})
export class Profile {
  protected readonly auth = inject(SymbolonAuth);
  protected readonly claims = computed(() =>
    Object.entries({ ...this.auth.user(), roles: this.auth.state().roles }).map(([name, value]) => ({
      name: name.replaceAll('_', ' '),
      value: inWords(name, value),
    })),
  );
}

function inWords(name: string, value: unknown): string {
  if (Array.isArray(value)) return value.join(', ') || 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (name.endsWith('_at')) return new Date(Number(value) * 1000).toLocaleString(); // seconds since the epoch
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
