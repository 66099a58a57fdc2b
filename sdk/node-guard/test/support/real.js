/** The real server, a real API of Express behind the guard, and clients that get tokens and give them back. */

import express from 'express';
import { createServer } from 'node:http';
import { Server } from '../../../../tests/e2e/support/server.js';
import { createGuard } from '../../src/guard.js';
import { listen } from './app.js';
import { until } from './clock.js';
import { Front } from './front.js';

export const API = 'https://dragons.example';
const PASSWORD = 'a long night in the library';
/** Between these the server says that there is no news. */
const HEARTBEAT = '1s';

const basic = ({ id, secret }) => `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

export class World {
  /** A server behind a front, with an API and a machine that may call it. */
  static async start(settings = {}) {
    const world = new World();
    const front = await Front.start();
    world.front = front;
    world.server = await Server.start({
      settings: { SYMBOLON_REVOCATION__HEARTBEAT: HEARTBEAT, ...settings },
      front: (origin) => {
        front.target = origin;
        return front.origin;
      },
    });
    await world.server.command(['api', 'add', API, '--name', 'Dragons', '--scope', 'read:dragons=Read', '--scope', 'burn:dragons=Burn']);
    const { api_secret: secret } = await world.server.command(['api', 'secret', 'rotate', API]);
    world.credentials = { id: API, secret };
    world.machine = await world.addMachine('Reports');
    return world;
  }

  async stop() {
    await this.server?.stop();
    this.front?.stop();
  }

  get issuer() {
    return this.front.origin;
  }

  async #post(path, body, headers = {}) {
    const reply = await fetch(`${this.front.target}${path}`, { method: 'POST', headers, body });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${text}`);
    return text === '' ? {} : JSON.parse(text);
  }

  /** A token of the machine, or of another one. */
  async token(machine = this.machine) {
    const body = new URLSearchParams({ grant_type: 'client_credentials', resource: API });
    return (await this.#post('/oauth/token', body, { authorization: basic(machine) })).access_token;
  }

  /** Another machine that may call the API. */
  async addMachine(name) {
    const args = ['client', 'add', '--machine', '--name', name, '--api', `${API}=read:dragons`];
    const { client, client_secret: secret } = await this.server.command(args);
    return { id: client.client_id, secret };
  }

  /** RFC 7009. */
  revoke(token) {
    return this.#post('/oauth/revoke', new URLSearchParams({ token }), { authorization: basic(this.machine) });
  }

  /** A person, and what a sign-in of that person brings. */
  async person(email) {
    await this.server.addUser(email, email, PASSWORD);
    this.app ??= (await this.server.command(['client', 'add', '--spa', '--name', 'App', '--redirect', 'http://localhost:4200',
      '--password-sign-in', '--api', `${API}=read:dragons`, '--default-api', API])).client.client_id;
    return () => this.#signIn(email);
  }

  async #signIn(username) {
    const body = JSON.stringify({ username, password: PASSWORD, client_id: this.app, audience: API });
    return (await this.#post('/authenticate', body, { 'content-type': 'application/json' })).token;
  }

  /** An API with a guard of its own. `ask(token)` tells the status. */
  async api(t, options = {}) {
    const guard = createGuard({ issuer: this.issuer, audience: API, ...options });
    t.after(() => guard.close());
    const app = express();
    app.get('/dragons', guard, guard.scope('read:dragons'), (req, res) => { res.json({ sub: req.auth.sub }); });
    app.get('/burn', guard, guard.scope('burn:dragons'), (_, res) => { res.json({}); });
    const request = await listen(t, createServer(app));
    const ask = async (token, path = '/dragons') => (await request(path, { token })).status;
    return { guard, ask, request };
  }

  /** The same, when it has the snapshot and follows. */
  async following(t, options) {
    const api = await this.api(t, options);
    await api.guard.ready();
    await until('the guard follows', () => api.guard.status().following);
    return api;
  }
}
