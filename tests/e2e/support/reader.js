/** What a reader of the manual does between two examples: `node reader.js browser URL`. The browser keeps its cookies in a file beside it. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { forms, Visitor } from './visitor.js';

const COOKIES = 'cookies.json';
const LETTER_TURNS = 200;
const MAX_PAGES = 4;
const { ISSUER, ADMIN, PASSWORD, LAST } = process.env;
const login = { username: ADMIN, password: PASSWORD };
const away = (url) => new URL(url).origin !== new URL(ISSUER).origin;

function visitor() {
  const made = new Visitor();
  if (existsSync(COOKIES)) {
    const kept = JSON.parse(readFileSync(COOKIES, 'utf8'));
    made.cookies = new Map(kept.map(([host, jar]) => [host, new Map(jar)]));
  }
  return made;
}

const keep = ({ cookies }) => writeFileSync(COOKIES, JSON.stringify([...cookies].map(([host, jar]) => [host, [...jar]])));

/** Where a browser ends that signs in and says yes. */
async function led(url) {
  const person = visitor();
  let page = await person.get(url, away);
  for (let turn = 0; turn < MAX_PAGES && !away(page.url); turn++) {
    const paths = forms(page).map(({ action }) => new URL(action).pathname);
    if (/type="password"/.test(page.body)) page = await person.submit(page, '/login', login, { stop: away });
    else if (paths.includes('/consent')) page = await person.submit(page, '/consent', {}, { button: ['decision', 'allow'], stop: away });
    else break;
  }
  keep(person);
  return page;
}

async function browser(url) {
  const page = await led(url);
  return away(page.url) ? page.url : page.body;
}

/** What it brings to the client, as JSON: an address, or what the form of a page posts there. */
async function arrived(url) {
  const page = await led(url);
  if (away(page.url)) return JSON.stringify({ action: page.url });
  const form = forms(page).find(({ action }) => away(action));
  if (!form) throw new Error(page.body);
  return JSON.stringify({ action: form.action, body: new URLSearchParams(form.hidden).toString() });
}

async function signup(url, email) {
  const person = visitor();
  let page = await person.submit(await person.get(url), '/signup', { email, password: PASSWORD, password_confirm: PASSWORD });
  page = await person.submit(page, '/signup/code', { code: await code(email) }, { stop: away });
  if (!away(page.url)) throw new Error(page.body);
  return page.url;
}

/** The code in the letter, which goes out behind the answer. */
async function code(to) {
  for (let turn = 0; turn < LETTER_TURNS; turn++) {
    const { letters } = await (await fetch(`${ISSUER}/dev/mail.json`)).json();
    const found = letters.find((one) => one.to === to && one.template === 'sign_up_code');
    if (found) return /^\s*(\d{6,8})\s*$/m.exec(found.text)[1];
    await new Promise((soon) => setTimeout(soon, 25));
  }
  throw new Error(`no letter to ${to}`);
}

async function device(url, user_code) {
  const person = visitor();
  let page = await person.submit(await person.get(url), '/device', { user_code });
  if (/type="password"/.test(page.body)) page = await person.submit(page, '/login', login);
  page = await person.submit(page, '/device/answer', { compared: 'yes' }, { button: ['decision', 'allow'] });
  keep(person);
  if (page.status !== 200) throw new Error(page.body);
  return page.body;
}

async function ciba(url) {
  const person = visitor();
  let page = await person.get(url);
  if (/type="password"/.test(page.body)) page = await person.submit(page, '/login', login);
  page = await person.submit(page, '/ciba/answer', { 'compared-1': 'yes' }, { button: ['decision', 'allow'] });
  keep(person);
  if (page.status !== 200) throw new Error(page.body);
  return page.body;
}

function param(name, url) {
  const { search, hash } = new URL(url);
  const value = new URLSearchParams(search || hash.slice(1)).get(name);
  if (value === null) throw new Error(`no ${name} in ${url}`);
  return value;
}

function field(name) {
  const value = JSON.parse(readFileSync(LAST, 'utf8'))[name];
  if (value === undefined) throw new Error(`no ${name} in what came out`);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const [command, ...args] = process.argv.slice(2);
console.log(await { arrived, browser, ciba, device, field, param, signup }[command](...args));
