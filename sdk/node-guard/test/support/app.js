/** A real server around a guard, and requests to it as they are, headers that come twice included. */

import { once } from 'node:events';
import { createServer, request } from 'node:http';

/**
 * Starts a server whose requests go through middlewares `(req, res, next)`; it stops after the test.
 * @returns a function that asks it
 */
export async function serve(t, middlewares, handler = (req, res) => res.end(JSON.stringify(req.auth ?? null))) {
  const server = createServer((req, res) => {
    const run = ([middleware, ...more]) => {
      if (!middleware) return handler(req, res);
      return middleware(req, res, (error) => (error ? res.writeHead(599).end(String(error)) : run(more)));
    };
    return run(middlewares);
  });
  return listen(t, server);
}

/** @returns a function that asks a server which stops after the test */
export async function listen(t, server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address();
  const ask = (path, { method = 'GET', headers = {}, token } = {}) =>
    new Promise((done, failed) => {
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const asking = request({ port, host: '127.0.0.1', path, method, headers: { ...authorization, ...headers }, agent: false });
      asking.on('error', failed);
      asking.on('response', async (response) => {
        const body = Buffer.concat(await response.toArray()).toString();
        done({ status: response.statusCode, headers: response.headers, body, challenge: response.headers['www-authenticate'] });
      });
      asking.end();
    });
  ask.url = `http://127.0.0.1:${port}`;
  return ask;
}
