// Compiled, never run: an API of Express as TypeScript sees it.
import express from 'express';
import { createServer } from 'node:http';
import { ConfigError, createGuard, Rejection, type Caller, type Options, type Status, type WithAuth } from 'symbolon-guard';

const options: Options = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  maxStaleness: 30,
  whenStale: 'introspect',
  credentials: { id: 'https://api.example.com', secret: process.env.API_SECRET ?? '' },
  onReject: (rejection, request) => console.log(rejection.reason, request?.url),
};
const guard = createGuard(options);
await guard.ready();

const app = express();
app.use(guard.metadata());
app.use('/api', guard);
app.get('/api/dragons', guard.scope('read:dragons'), (req: WithAuth<express.Request>, res) => {
  const caller: Caller | undefined = req.auth;
  const tenant: unknown = caller?.claims.tenant;
  res.json({ sub: caller?.sub, admin: caller?.hasRole('admin'), tenant });
});
app.get('/api/either', guard.anyScope(['a', 'b']), guard.role('admin'), (_, res) => { res.end(); });
createServer((req, res) => void guard(req, res, () => res.end(req.method)));

const caller: Caller = await guard.verify('a.b.c').catch((error: Rejection | ConfigError) => {
  throw error instanceof Rejection ? new Error(`${error.reason} ${error.status}`) : error;
});
const status: Status = guard.status();
const lag: number | null = status.stalenessSeconds;
console.log(caller.hasScope('a'), lag, status.refusals.expired, status.cache.hits);
guard.close();

// @ts-expect-error the audience is required
createGuard({ issuer: 'https://auth.example.com' });
// @ts-expect-error no such choice
createGuard({ ...options, whenStale: 'ignore' });
// @ts-expect-error claims are read-only
caller.sub = 'eve';
// @ts-expect-error no such reason
status.refusals.whatever;

import { WebSocketServer } from 'ws';
import { Server } from 'socket.io';
const wss = new WebSocketServer({ noServer: true, maxPayload: 65536 });
const server = createServer();
server.on('upgrade', guard.webSockets(wss, (socket, request) => {
  socket.on('message', (data: string | Buffer) => socket.send(`${socket.caller.sub} ${request.url} ${data.length}`));
}, { scope: 'read:dragons' }));
new Server(server).use(guard.socketIo({ role: 'admin' }));
const signed: string = guard.signUrl(caller, '/picture', { lifetime: 30, once: true });
app.get('/picture', guard.onlySignedUrls(), (_, res) => { res.end(signed); });
