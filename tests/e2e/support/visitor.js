/**
 * A browser without JavaScript: cookies, forms, redirects one at a time. Sends what a browser sends with a form, `Origin`
 * and Fetch metadata, which the server insists on.
 */

import { request } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { text } from 'node:stream/consumers';

/** @typedef {{ url: string, status: number, headers: import('node:http').IncomingHttpHeaders, body: string }} Answer */

const MAX_REDIRECTS = 10;

export class Visitor {
  /** By host name, as in a browser: ports share them. */
  cookies = new Map();
  #ca;

  /** @param {{ ca?: string }} [trust] whose certificates it believes beside the usual ones */
  constructor({ ca } = {}) {
    this.#ca = ca;
  }

  /** Follows redirects until a page, or until `stop(url)` says that the next address is the end. */
  async get(url, stop = () => false) {
    return this.#follow(await this.send('GET', url), stop);
  }

  /** Fills in the form of `page` that goes to `action`, with its hidden fields. */
  async submit(page, action, fields, { button, stop = () => false } = {}) {
    const form = forms(page).find((one) => new URL(one.action).pathname === action && (!button || one.buttons[button[0]]?.includes(button[1])));
    if (!form) throw new Error(`${page.url} has no form to ${action}:\n${page.body}`);
    const known = Object.keys(form.fields);
    const unknown = Object.keys(fields).filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`the form to ${action} has no field ${unknown}, only ${known}`);
    const body = new URLSearchParams({ ...form.hidden, ...fields, ...(button ? { [button[0]]: button[1] } : {}) }).toString();
    return this.#follow(await this.send('POST', form.action, body), stop);
  }

  /** @returns {Promise<Answer>} */
  async #follow(answer, stop) {
    for (let turn = 0; turn < MAX_REDIRECTS; turn++) {
      if (!answer.headers.location) return answer;
      const next = new URL(answer.headers.location, answer.url).href;
      if (stop(next)) return { ...answer, url: next };
      answer = await this.send('GET', next);
    }
    throw new Error(`redirects without end, last to ${answer.url}`);
  }

  /** One request. @returns {Promise<Answer>} */
  async send(method, url, body, headers = {}) {
    const { hostname, origin } = new URL(url);
    const cookie = [...(this.cookies.get(hostname) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ');
    const form = { 'content-type': 'application/x-www-form-urlencoded', origin, 'content-length': Buffer.byteLength(body ?? '') };
    const all = {
      'sec-fetch-site': method === 'POST' ? 'same-origin' : 'none',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      accept: 'text/html',
      ...(cookie ? { cookie } : {}),
      ...(method === 'POST' ? form : {}),
      ...headers,
    };
    const response = await new Promise((done, failed) => {
      const send = url.startsWith('https:') ? requestOverTls : request;
      send(url, { method, headers: all, ca: this.#ca }, done).on('error', failed).end(body);
    });
    for (const line of response.headers['set-cookie'] ?? []) this.#keep(hostname, line);
    return { url, status: response.statusCode, headers: response.headers, body: await text(response) };
  }

  #keep(hostname, line) {
    const [, name, value, rest] = /^([^=]+)=([^;]*)(.*)$/.exec(line);
    const jar = this.cookies.get(hostname) ?? new Map();
    const gone = /;\s*max-age=(0|-\d+)\b/i.test(rest);
    if (gone) jar.delete(name);
    else jar.set(name, value);
    this.cookies.set(hostname, jar);
  }
}

/** The forms of a page: where they go, their hidden fields, all their fields, their buttons. */
export function forms({ url, body }) {
  return [...body.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, start, inner]) => {
    const form = { action: new URL(attributes(start).action ?? '', url).href, hidden: {}, fields: {}, buttons: {} };
    for (const [, kind, text] of inner.matchAll(/<(input|button)\b([^>]*)>/g)) {
      const { name, value = '', type } = attributes(text);
      if (!name) continue;
      if (kind === 'button') (form.buttons[name] ??= []).push(value);
      else form.fields[name] = value;
      if (type === 'hidden') form.hidden[name] = value;
    }
    return form;
  });
}

function attributes(text) {
  return Object.fromEntries([...text.matchAll(/([\w-]+)(?:="([^"]*)")?/g)].map(([, name, value = '']) => [name, unescape(value)]));
}

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const unescape = (value) =>
  value.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (_, decimal, hex, name) =>
    name ? ENTITIES[name] : String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hex, 16)),
  );
