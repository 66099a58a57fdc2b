/** Sessions on the server: the cookie is a random name, and everything else stays here. */

import { randomBytes, timingSafeEqual } from 'node:crypto';
import session from 'express-session';

const IDLE_MS = 30 * 60_000;
const store = new session.MemoryStore(); // your own app keeps them in a database

/** Middleware. `home` says whether the cookie can insist on HTTPS. */
export function sessions(home) {
  const isSecure = home.startsWith('https:');
  return session({
    store,
    name: isSecure ? '__Host-session' : 'session',
    secret: randomBytes(32).toString('hex'),
    resave: false,
    rolling: true,
    saveUninitialized: false, // no cookie for people who only look
    cookie: { httpOnly: true, sameSite: 'lax', secure: isSecure, maxAge: IDLE_MS },
  });
}

/** A new session for whoever has just signed in: a name that somebody knew before is worth nothing afterwards. */
export const renew = (request) =>
  new Promise((done, failed) => request.session.regenerate((error) => (error ? failed(error) : done(request.session))));

export const end = (request) => new Promise((done, failed) => request.session.destroy((error) => (error ? failed(error) : done())));

/** Ends the sessions of this sign-in, or of this person where the issuer names no sign-in. */
export function endElsewhere({ sid, sub }) {
  return new Promise((done, failed) =>
    store.all((error, all) => {
      if (error) return failed(error);
      for (const [id, { sid: own, user }] of Object.entries(all)) if (sid ? own === sid : user?.sub === sub) store.destroy(id);
      done();
    }),
  );
}

/** The secret of this session that every form must send back: pages of others cannot know it. */
export const formToken = (request) => (request.session.formToken ??= randomBytes(32).toString('base64url'));

/** Middleware for what changes something: refuses forms that no page of ours has made. */
export function ownForm(request, response, next) {
  const [sent, kept] = [request.body?.form_token, request.session.formToken].map((text) => Buffer.from(String(text ?? '')));
  if (kept.length > 0 && sent.length === kept.length && timingSafeEqual(sent, kept)) return next();
  response.status(403).send('That form did not come from this app. Go back, reload the page, and try again.');
}
