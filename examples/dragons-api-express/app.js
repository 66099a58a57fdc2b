/**
 * The API of the articles: dragons for whoever may read them, orders for administrators.
 *
 *     node app.js guard          who may is decided by with-guard.js
 *     node app.js express-jwt    … by with-express-jwt.js, which does the same with published libraries
 */

import cors from 'cors';
import express from 'express';

const {
  ISSUER = 'http://localhost:4400',
  AUDIENCE = 'http://localhost:4402',
  ORIGIN = 'http://localhost:4200',
  PORT = '4403',
  PUBLIC = `http://localhost:${PORT}`,
} = process.env;
const { protect } = await import(`./with-${process.argv[2] ?? 'guard'}.js`);
const { signedIn, scope, role } = await protect({ issuer: ISSUER, audience: AUDIENCE, publicUrl: PUBLIC });

const DRAGONS = [
  { name: 'Fucanglong', kind: 'of hidden treasures', length: 12 },
  { name: 'Shenlong', kind: 'of storms and rain', length: 30 },
  { name: 'Tianlong', kind: 'of the heavens', length: 21 },
];
const ORDERS = [
  { number: 1001, item: 'fireproof gloves', quantity: 2 },
  { number: 1002, item: 'dragon saddle', quantity: 1 },
];

const app = express();
app.disable('x-powered-by');
// Before the tokens are looked at: a browser sends none with a preflight. Pages may read why they were refused.
app.use(cors({ origin: ORIGIN.split(','), exposedHeaders: ['WWW-Authenticate', 'DPoP-Nonce'], maxAge: 600 }));
app.use('/api', signedIn);
app.get('/api/dragons', scope('read:dragons'), (request, response) => response.json(DRAGONS));
app.get('/api/orders', role('admin'), (request, response) => response.json(ORDERS));
app.get('/api/me', (request, response) => response.json({ sub: request.auth.sub, scope: request.auth.scope, roles: request.auth.roles }));

app.listen(Number(PORT), 'localhost', () => console.log(`the dragons live at ${PUBLIC}/api/dragons`));
