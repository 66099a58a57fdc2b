/** What a reader of the manual does between two examples: `node reader.js browser URL`. The browser keeps its cookies in a file beside it. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { forms, Visitor } from './visitor.js';

const COOKIES = 'cookies.json';
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

async function browser(url) {
  const person = visitor();
  let page = await person.get(url, away);
  for (let turn = 0; turn < MAX_PAGES && !away(page.url); turn++) {
    const paths = forms(page).map(({ action }) => new URL(action).pathname);
    if (/type="password"/.test(page.body)) page = await person.submit(page, '/login', login, { stop: away });
    else if (paths.includes('/consent')) page = await person.submit(page, '/consent', {}, { button: ['decision', 'allow'], stop: away });
    else break;
  }
  keep(person);
  return away(page.url) ? page.url : page.body;
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
console.log(await { browser, ciba, device, param, field }[command](...args));
