/** What the adapters see of the SDK: a state that tests set, and a record of what was asked of it. */

const NOBODY = { status: 'signed-out', user: null, scopes: [], roles: [], expiresAt: null, error: null };

export class FakeAuth {
  listeners = new Set();
  logins = [];
  state = NOBODY;
  /** The tokens are cookies. */
  inCookie = false;
  /** What `login` comes to: it resolves when the page is shown again. */
  leaving = Promise.resolve();

  constructor(state = {}) {
    this.state = { ...NOBODY, ...state };
  }

  static signedIn(state = {}) {
    const user = { sub: 'ada', name: 'Ada' };
    return new FakeAuth({ status: 'signed-in', user, scopes: ['read:dragons'], roles: ['keeper'], ...state });
  }

  set(state) {
    this.state = { ...NOBODY, ...state };
    for (const listener of this.listeners) listener(this.state);
  }

  start = async () => this.state;

  subscribe = (listener) => {
    this.listeners.add(listener);
    listener(this.state);
    return () => this.listeners.delete(listener);
  };

  login = (options) => {
    this.logins.push(options);
    return this.leaving;
  };

  logout = async () => this.set(NOBODY);

  /** As the real one: a token for the API, once more after a 401. */
  fetch = async (input, { send, ...init }) => {
    await undefined;
    const request = () => new Request(new URL(input, 'https://app.example.test'), init);
    if (!input.startsWith('https://api.example.test') || request().headers.has('Authorization')) return send(request());
    if (this.inCookie) {
      const one = request();
      one.headers.set('X-CSRF-Token', 'of the page');
      return send(one, true);
    }
    for (const token of ['stale', 'fresh']) {
      const one = request();
      one.headers.set('Authorization', `Bearer ${token}`);
      const response = await send(one);
      if (response.status !== 401 || token === 'fresh') return response;
    }
  };
}
