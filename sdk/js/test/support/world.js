/**
 * A browser and an issuer small enough to see through: the clock moves when told, navigation is a value to look at,
 * and the issuer keeps the books a real one would (single-use codes, rotating refresh tokens).
 */

import { createHash, webcrypto } from 'node:crypto';

export const ISSUER = 'https://auth.example.test';
export const APP = 'https://app.example.test';
export const API = 'https://api.example.test';
export const OPTIONS = { issuer: ISSUER, clientId: 'dragons', apis: { [API]: { scope: 'read:dragons' } } };

class FakeStorage {
  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }
  setItem(key, value) {
    this[key] = String(value);
  }
  removeItem(key) {
    delete this[key];
  }
}

/** Web Locks: one at a time for each name, until its page is gone. */
class FakeLocks {
  queues = new Map();

  request(name, { signal }, work, page) {
    let has = false;
    const job = (this.queues.get(name) ?? Promise.resolve()).then(() => {
      signal.throwIfAborted();
      has = true;
      return work();
    });
    this.queues.set(name, Promise.race([job.catch(() => {}), page.gone]));
    const late = new Promise((_, reject) => signal.addEventListener('abort', () => has || reject(signal.reason)));
    return Promise.race([job, late]);
  }
}

/** As much of IndexedDB as the SDK uses, with the names of all sign-ins that were ever kept in it. */
export class FakeIndexedDb {
  kept = new Map();
  names = new Set();

  open() {
    const opening = {};
    const { kept, names } = this;
    const objectStore = () => ({
      get: (key) => {
        const found = { result: kept.get(key) };
        queueMicrotask(() => found.onsuccess?.());
        return found;
      },
      put: (value, key) => (names.add(value.nonce), kept.set(key, structuredClone(value))),
      delete: (key) => kept.delete(key),
    });
    const transaction = () => {
      const begun = { objectStore };
      setImmediate(() => begun.oncomplete());
      return begun;
    };
    opening.result = { transaction, close: () => {} };
    setImmediate(() => opening.onsuccess());
    return opening;
  }
}

export const jwt = (claims, header = { alg: 'RS256', typ: 'JWT' }) =>
  [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.c2ln';

/** Pages that were ever loaded: no two have the same origin of time. */
let loads = 0;

/** One browser profile: what tabs share. */
export class World {
  now = 1_800_000_000_000;
  localStorage = new FakeStorage();
  channels = new Set();
  locks = new FakeLocks();
  issuer = new FakeIssuer(this);

  tab() {
    return new Tab(this);
  }
}

/** One tab: its sessionStorage outlives page loads. */
export class Tab {
  sessionStorage = new FakeStorage();

  constructor(world) {
    this.world = world;
  }

  /** What `window.open` makes, or a person who duplicates it. */
  copy() {
    const tab = this.world.tab();
    Object.assign(tab.sessionStorage, this.sessionStorage);
    return tab;
  }

  /** Loads a page: a fresh global object. */
  load(href = `${APP}/`) {
    const { world } = this;
    const target = new EventTarget();
    this.page?.leave();
    const page = {
      Date: { now: () => world.now },
      Math,
      Request,
      crypto: webcrypto,
      console: { error: (text) => page.printed.push(text), warn: (text) => page.warned.push(text) },
      navigator: { locks: { request: (...asked) => world.locks.request(...asked, page) } },
      performance: { timeOrigin: ++loads },
      document: Object.assign(new EventTarget(), { visibilityState: 'visible' }),
      localStorage: world.localStorage,
      indexedDB: world.indexedDB,
      sessionStorage: this.sessionStorage,
      location: {
        href: String(href),
        assign: (url) => page.visits.push(url),
        replace: (url) => page.visits.push(url),
      },
      history: {
        state: { router: 1 },
        replaceState: (state, _, url) => {
          if (new URL(url, page.location.href).origin !== new URL(page.location.href).origin) throw new Error('SecurityError');
          page.location.href = new URL(url, page.location.href).href;
        },
      },
      fetch: (input, init) => world.issuer.fetch(input, init, page),
      setTimeout: (fn, ms) => page.timers.push({ fn, at: world.now + ms }) && page.timers.at(-1),
      setInterval: () => 0,
      clearInterval: () => {},
      clearTimeout: (timer) => (page.timers = page.timers.filter((one) => one !== timer)),
      addEventListener: target.addEventListener.bind(target),
      dispatchEvent: target.dispatchEvent.bind(target),
      reportError: (error) => page.uncaught.push(error),
      BroadcastChannel: class {
        constructor(name) {
          this.name = name;
          world.channels.add(this);
        }
        close() {
          world.channels.delete(this);
        }
        postMessage(data) {
          for (const other of world.channels)
            if (other !== this && other.name === this.name) other.onmessage?.({ data });
        }
      },
      // what the tests look at
      visits: [],
      timers: [],
      printed: [],
      warned: [],
      uncaught: [],
    };
    page.gone = new Promise((leave) => (page.leave = leave));
    this.page = page;
    return page;
  }

  /** Moves the clock and fires what has become due. */
  advance(secs) {
    this.world.now += secs * 1000;
    const due = this.page.timers.filter((timer) => timer.at <= this.world.now);
    this.page.timers = this.page.timers.filter((timer) => timer.at > this.world.now);
    for (const timer of due) timer.fn();
  }

  /** Follows the last navigation through the issuer to the page it leads back to. */
  follow(user) {
    return this.load(this.world.issuer.authorize(this.page.visits.at(-1), user));
  }
}

class FakeIssuer {
  lifetime = 600;
  skewSecs = 0;
  session = null; // the cookie
  codes = new Map();
  refresh = new Map();
  log = [];
  offline = false;
  idClaims = {};
  /** Set to answer API calls: (request) => Response */
  api = () => Response.json({ dragons: [] });
  serial = 0;

  constructor(world) {
    this.world = world;
  }

  /** The authorization endpoint and, if need be, the person: gives the URL the browser ends up at. */
  authorize(href, user) {
    const query = new URL(href).searchParams;
    const back = new URL(query.get('redirect_uri'));
    if (user && query.get('prompt') !== 'none') this.session = user;
    if (this.session) {
      const code = `code-${++this.serial}`;
      this.codes.set(code, { user: this.session, query });
      back.searchParams.set('code', code);
    } else back.searchParams.set('error', query.get('prompt') === 'none' ? 'login_required' : 'access_denied');
    back.searchParams.set('state', query.get('state'));
    back.searchParams.set('iss', ISSUER);
    return back.href;
  }

  async fetch(input, init, page) {
    const request = new Request(input, init);
    const { origin, pathname } = new URL(request.url);
    this.log.push({ url: request.url, authorization: request.headers.get('authorization') });
    await new Promise(setImmediate);
    if (this.offline) throw new TypeError('Failed to fetch');
    if (origin !== ISSUER) return this.api(request, page);
    const body = new URLSearchParams(request.method === 'POST' ? await request.text() : '');
    const { status = 200, ...json } = this.answer(pathname, body, request);
    const date = new Date(this.world.now + this.skewSecs * 1000).toUTCString();
    return Response.json(json, { status, headers: { date } });
  }

  answer(pathname, body, request) {
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return {
          issuer: ISSUER,
          authorization_endpoint: `${ISSUER}/authorize`,
          token_endpoint: `${ISSUER}/oauth/token`,
          revocation_endpoint: `${ISSUER}/oauth/revoke`,
          userinfo_endpoint: `${ISSUER}/userinfo`,
          end_session_endpoint: `${ISSUER}/logout`,
        };
      case '/oauth/token':
        return body.get('grant_type') === 'refresh_token' ? this.rotate(body) : this.redeem(body);
      case '/oauth/revoke':
        this.refresh.delete(body.get('token'));
        return {};
      case '/userinfo': {
        const sub = request.headers.get('authorization').split('.')[1];
        return { sub, name: `The ${sub}`, email: `${sub}@example.test` };
      }
    }
    return { status: 404 };
  }

  redeem(body) {
    const code = this.codes.get(body.get('code'));
    this.codes.delete(body.get('code'));
    const hashed = createHash('sha256').update(body.get('code_verifier')).digest('base64url');
    if (!code || hashed !== code.query.get('code_challenge')) return { status: 400, error: 'invalid_grant' };
    return this.issue(code.user, code.query.get('nonce'), body);
  }

  rotate(body) {
    const user = this.refresh.get(body.get('refresh_token'));
    this.refresh.delete(body.get('refresh_token'));
    return user ? this.issue(user, undefined, body) : { status: 400, error: 'invalid_grant' };
  }

  issue(sub, nonce, body) {
    const now = Math.floor(this.world.now / 1000) + this.skewSecs;
    const refresh_token = `refresh-${++this.serial}`;
    this.refresh.set(refresh_token, sub);
    return {
      access_token: `access${this.serial}.${sub}.${body.get('resource')}`,
      token_type: 'Bearer',
      expires_in: this.lifetime,
      scope: 'openid read:dragons',
      refresh_token,
      id_token: jwt({ iss: ISSUER, aud: 'dragons', sub, nonce, iat: now, exp: now + 600, roles: ['keeper'], ...this.idClaims }),
    };
  }
}

/** Waits until a condition holds, turn by turn of the event loop. */
export async function until(condition) {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const value = condition();
    if (value) return value;
    await new Promise(setImmediate);
  }
  throw new Error(`never became true: ${condition}`);
}
