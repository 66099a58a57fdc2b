/** Pages with nothing on them but the SDK, at an origin of their own, one for each way to configure it. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { fillIn } from './browser.js';

/** Whatever a page sends by `fetch`, as a script sees it that was there first. */
const SPY = `window.bodies = []; const real = fetch;
fetch = async (input, init) => (input.clone && bodies.push(await input.clone().text()), real(input, init));`;

/** As in a browser that keeps no databases for this page. */
const REFUSING = `IDBFactory.prototype.open = () => { throw new DOMException('refused', 'SecurityError'); };`;

/** By path: options, whether the app mounts twice, or opens a window without being asked, a script that was there before, a policy. */
const PAGES = {
  auto: {},
  memory: { options: { storage: 'memory' } },
  session: { options: { storage: 'session' } },
  local: { options: { storage: 'local' } },
  isolated: { options: { tabs: 'isolated' } },
  twice: { twice: true },
  eager: { eager: true },
  spied: { options: { storage: 'memory' }, first: SPY },
  blocked: { first: REFUSING },
  workless: {
    options: { storage: 'memory' },
    policy: ({ issuer, api }) =>
      `default-src 'none'; script-src 'unsafe-inline' ${issuer}; connect-src ${issuer} ${api}; img-src data:; worker-src 'none'`,
  },
};

export class App {
  /** Serves the pages and registers their client. */
  static async start(server) {
    const app = new App();
    app.server = server;
    app.listener = createServer(({ url }, response) => {
      const name = new URL(url, 'http://app').pathname.slice(1);
      const page = PAGES[name];
      const policy = page?.policy?.(server);
      if (policy) response.setHeader('content-security-policy', policy);
      response.writeHead(page || name === '' ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
      response.end(page ? app.#html(name, page) : '<!doctype html><title>Bye</title><link rel="icon" href="data:,">');
    });
    await once(app.listener.listen(0, '127.0.0.1'), 'listening');
    app.origin = `http://localhost:${app.listener.address().port}`;
    const redirects = ['', ...Object.keys(PAGES)].flatMap((name) => ['--redirect', `${app.origin}/${name}`]);
    await server.command(['client', 'add', '--spa', '--id', 'sdk', '--name', 'SDK', ...redirects, '--api', `${server.api}=read:dragons`]);
    return app;
  }

  #html(name, { options, twice, eager, first = '' }) {
    const all = {
      issuer: this.server.issuer,
      clientId: 'sdk',
      redirectUri: `${this.origin}/${name}`,
      apis: { [this.server.api]: { scope: 'read:dragons' } },
      ...options,
    };
    return `<!doctype html><title>${name}</title><link rel="icon" href="data:,">
<button id="popup">Sign in</button>
<script>${first}</script>
<script type="module">
import { createAuth } from '${this.server.issuer}/sdk/v1/symbolon.js';
const mount = () => {
  const auth = createAuth(${JSON.stringify(all)});
  auth.start();
  return auth;
};
window.seen = [];
window.auth = mount();
${twice ? 'window.other = mount();' : ''}
for (const name of ['signed-in', 'signed-out', 'renewed', 'renew-failed', 'user-changed', 'error'])
  auth.on(name, (detail) => seen.push(detail.reason ?? detail.error?.code ?? name));
const open = () => auth.loginPopup().catch(({ code }) => seen.push(code));
popup.onclick = open;
${eager ? 'open();' : ''}
</script>`;
  }

  /** The sample API knows the sample app only: lets these pages call it, too. */
  open = (context) => lendCors(context, this.server.api);

  /** Opens a page and waits until it has found out who is signed in. */
  async page(context, name) {
    const page = await context.newPage();
    await page.goto(`${this.origin}/${name}`);
    await settled(page);
    return page;
  }

  stop() {
    this.listener.closeAllConnections();
    this.listener.close();
  }
}

/** Answers of an API may be read by every page. */
export const lendCors = (context, api) =>
  context.route(`${api}/**`, async (route) => {
    const response = await route.fetch();
    const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'WWW-Authenticate, DPoP-Nonce' };
    await route.fulfill({ response, headers: { ...response.headers(), ...cors } });
  });

/** Waits for the end of `start()`, wherever it leads meanwhile. */
export const settled = (page) => page.waitForFunction(() => window.auth && auth.state.status !== 'loading');

/** Waits for a status. */
export const becomes = (page, status) => page.waitForFunction((wanted) => window.auth?.state.status === wanted, status);

/** Signs in through the hosted page. */
export async function signIn(page, { email, password }) {
  await page.evaluate(() => void auth.login());
  await fillIn(page, email, password);
  await becomes(page, 'signed-in');
}

/** Calls the sample API; gives the status. */
export const call = (page, server, path = '/api/dragons') =>
  page.evaluate((url) => auth.fetch(url).then((response) => response.status), server.api + path);

/** Renews now. */
export const renew = (page) => page.evaluate(() => auth.token({ minTtl: 99_999 }).then(() => 'renewed', ({ code }) => code));

/** Asks which files of the SDK the pages have loaded from now on. */
export function loadedParts(context) {
  const seen = new Set();
  context.on('request', (request) => {
    const [, name] = /\/sdk\/v1\/([\w-]+)\./.exec(request.url()) ?? [];
    if (name) seen.add(name);
  });
  return () => [...seen].sort();
}

/** Token requests from now on, of every page, by grant. */
export function tokenRequests(context) {
  const seen = [];
  context.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/oauth/token'))
      seen.push(new URLSearchParams(request.postData()).get('grant_type'));
  });
  return seen;
}
