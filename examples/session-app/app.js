/**
 * A web application as there have been for thirty years: the server makes the pages and keeps the sessions. Who people are it
 * learns from Symbolon, with the authorization code flow; after that a cookie is all that the browser has.
 */

import { join } from 'node:path';
import express from 'express';
import { connect } from './oidc.js';
import * as pages from './pages.js';
import { end, endElsewhere, formToken, ownForm, renew, sessions } from './sessions.js';

const { ISSUER = 'http://localhost:4400', CLIENT_ID = 'dragons-session', PORT = '4300' } = process.env;
const HOME = process.env.HOME_URL ?? `http://localhost:${PORT}`;
const DRAGONS = ['Fucanglong', 'Shenlong', 'Tianlong'];
const POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' ISSUER; base-uri 'none'; frame-ancestors 'none'";

const oidc = await connect({ issuer: ISSUER, clientId: CLIENT_ID, home: HOME });

const app = express();
app.disable('x-powered-by');
app.use((request, response, next) => {
  response.set({
    'Content-Security-Policy': POLICY.replace('ISSUER', new URL(ISSUER).origin), // signing out is a form that leads there
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
});
app.use(express.static(join(import.meta.dirname, 'public')));
app.use(express.urlencoded({ extended: false }));

// From server to server: neither cookie nor session. 400 tells the issuer that nothing has ended.
app.get('/jwks.json', (request, response) => response.json(oidc.jwks));
app.post('/backchannel-logout', async (request, response) => {
  try {
    await endElsewhere(await oidc.ended(request.body.logout_token));
    response.sendStatus(204);
  } catch (error) {
    console.error(`refused a logout token: ${error.message}`);
    response.status(400).json({ error: 'invalid_request' });
  }
});

app.use(sessions(HOME));
const view = (request) => ({ user: request.session.user, token: request.session.user && formToken(request) });

app.get('/', (request, response) => {
  response.send(pages.home({ ...view(request), favourite: request.session.favourite, dragons: DRAGONS }));
});

app.get('/login', async (request, response) => {
  const { url, question } = await oidc.leave();
  Object.assign(request.session, { question, returnTo: request.session.returnTo ?? '/' });
  response.redirect(url);
});

app.get('/callback', async (request, response) => {
  const { question, returnTo } = request.session;
  if (!question) return response.redirect('/'); // an answer that was taken before, or to nobody's question
  delete request.session.question; // each is asked once
  try {
    const { user, sid, idToken } = await oidc.arrive(request.originalUrl, question);
    Object.assign(await renew(request), { user, sid, idToken });
    response.redirect(returnTo);
  } catch (error) {
    const denied = error.error === 'access_denied';
    if (!denied) console.error(`a sign-in failed: ${error.message}`);
    response.status(denied ? 200 : 400).send(pages.problem(denied ? 'You said no, so nobody is signed in.' : 'Signing in did not work.', {}));
  }
});

const signedIn = (request, response, next) => {
  if (request.session.user) return next();
  request.session.returnTo = request.originalUrl;
  response.redirect('/login');
};

app.get('/profile', signedIn, (request, response) => {
  response.send(pages.profile(view(request)));
});

app.post('/favourite', ownForm, (request, response) => {
  const { favourite } = request.body;
  if (DRAGONS.includes(favourite)) request.session.favourite = favourite;
  response.redirect(303, '/');
});

app.post('/logout', ownForm, async (request, response) => {
  const { idToken } = request.session;
  await end(request);
  response.redirect(303, oidc.farewell(idToken));
});

app.listen(Number(PORT), 'localhost', () => console.log(`the app is at ${HOME}`));
