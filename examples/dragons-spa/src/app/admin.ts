import { httpResource } from '@angular/common/http';
import { Component, inject } from '@angular/core';
import { API } from './config';
import { refusal } from './refusal';

interface Order {
  number: number;
  item: string;
  quantity: number;
}

/** For administrators. The guard keeps others from an empty page; the API keeps them from the orders. */
@Component({
  template: `
    <h1>Orders</h1>
    <p class="lead">What the keepers need. For people with the role <code>admin</code>.</p>
    <section class="card" aria-label="Orders">
      <div id="orders" role="status">
        @if (orders.error(); as error) {
          <p class="refusal">{{ refusal(error) }}</p>
        } @else if (orders.hasValue()) {
          <table>
            <thead><tr><th scope="col">Number</th><th scope="col">Item</th><th scope="col" class="amount">Quantity</th></tr></thead>
            <tbody>
              @for (order of orders.value(); track order.number) {
                <tr><td>{{ order.number }}</td><td>{{ order.item }}</td><td class="amount">{{ order.quantity }}</td></tr>
              }
            </tbody>
          </table>
        } @else {
          <p>Loading…</p>
        }
      </div>
    </section>
  `,
})
export class Admin {
  private readonly api = inject(API);
  protected readonly refusal = refusal;
  protected readonly orders = httpResource<Order[]>(() => `${this.api}/api/orders`);
}
