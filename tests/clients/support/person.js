/**
 * A person with a browser without JavaScript, lent to programs of any language over HTTP: they say where to go, and are told where
 * the redirects ended. What is filled in are the hosted pages' plain forms.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { forms, Visitor } from '../../e2e/support/visitor.js';
import { HOME } from './world.js';

const away = (url) => url.startsWith(HOME);
/** Sign-in, then perhaps consent. */
const MAX_PAGES = 3;

export class Person {
  /** Listens on a free port of the loopback interface. */
  static async start({ email, password }) {
    const person = new Person();
    person.login = { username: email, password };
    person.visitors = new Map();
    person.server = createServer((request, response) => person.#answer(request, response)).listen(0, '127.0.0.1');
    await once(person.server, 'listening');
    person.address = `http://127.0.0.1:${person.server.address().port}`;
    return person;
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  async #answer(request, response) {
    const errands = { '/sign-in': this.signIn, '/device': this.device };
    try {
      const errand = errands[request.url];
      if (!errand) throw new Error(`no errand is called ${request.url}`);
      const body = JSON.stringify(await errand.call(this, await json(request)));
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    } catch (error) {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error.stack));
    }
  }

  /** The browser of this name; without a name a new one. */
  #visitor(name) {
    if (!name) return new Visitor();
    if (!this.visitors.has(name)) this.visitors.set(name, new Visitor());
    return this.visitors.get(name);
  }

  /**
   * Goes to `url`, signs in and allows what is asked, or denies it; gives the address at which the client gets its answer, or the
   * page on which it ended.
   */
  async signIn({ url, browser, decision = 'allow' }) {
    const visitor = this.#visitor(browser);
    let page = await visitor.get(url, away);
    for (let turn = 0; turn < MAX_PAGES && !away(page.url); turn++) {
      const paths = forms(page).map(({ action }) => new URL(action).pathname);
      if (paths.includes('/consent')) page = await visitor.submit(page, '/consent', {}, { button: ['decision', decision], stop: away });
      else if (/type="password"/.test(page.body)) page = await visitor.submit(page, '/login', this.login, { stop: away });
      else break;
    }
    return away(page.url) ? { url: page.url } : { page: page.body, status: page.status };
  }

  /** Enters the code of a device, signs in, and answers. */
  async device({ verification_uri, user_code, decision = 'allow' }) {
    const visitor = new Visitor();
    let page = await visitor.get(verification_uri);
    page = await visitor.submit(page, '/device', { user_code });
    if (/type="password"/.test(page.body)) page = await visitor.submit(page, '/login', this.login);
    page = await visitor.submit(page, '/device/answer', { compared: 'yes' }, { button: ['decision', decision] });
    return { page: page.body, status: page.status };
  }
}
