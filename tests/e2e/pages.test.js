/** Every page in every state it has samples of: axe-core, the narrowest phone, a keyboard alone. The Rust tests write the samples. */

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { AXE, accessible, launch, picture } from './support/browser.js';

const FOLDER = process.env.SYMBOLON_PAGES;
const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.mjs': 'text/javascript', '.svg': 'image/svg+xml' };
/** What a page shows is looked at, not what it would do next: pages that go on by themselves stay. The one script that is here shows passwords. */
const STILL = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'";

/** Reflow without scrolling in two dimensions (WCAG 2.2, 1.4.10). */
const NARROW = 320;
const AT_ONCE = 24;

/** What is wrong, by promise: one walk through all pages finds it, since opening a page takes longer than looking at it. */
const wrong = { inAxe: [], wide: [], turned: [], order: [], unseen: [] };
let [seen, server, browser] = [0];

before(async () => {
  assert.ok(FOLDER, 'SYMBOLON_PAGES names the folder that `SYMBOLON_PAGES=… cargo test -p symbolon-server --lib pages_can_be_looked_at` has filled');
  const samples = (await readdir(FOLDER)).filter((name) => name.endsWith('.html')).sort();
  server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === '/none') return response.writeHead(200, { 'Content-Type': TYPES['.html'] }).end('<!doctype html><title>None</title>');
    // As a file that the browser keeps, compiled: hundreds of pages load it.
    if (pathname === '/axe.js') return response.writeHead(200, { 'Content-Type': 'text/javascript', 'Cache-Control': 'max-age=3600' }).end(AXE);
    const body = await readFile(join(FOLDER, pathname)).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { 'Content-Type': TYPES[extname(request.url)] ?? 'text/plain', 'Content-Security-Policy': STILL });
    response.end(body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  browser = await launch();
  const page = await browser.newPage({ locale: 'en-GB', viewport: { width: NARROW, height: 640 } });
  const origin = `http://127.0.0.1:${server.address().port}`;
  for (const sample of samples.filter((one) => isLookedAt(one))) {
    await page.goto(`${origin}/${sample}`);
    await look(page, sample.replace('.html', ''), languageOf(sample));
    seen += 1;
  }
  await page.goto(`${origin}/none`);
  const others = samples.filter((one) => !isLookedAt(one));
  while (others.length > 0) await measure(page, others.splice(0, AT_ONCE));
}, { timeout: 600_000 });
after(async () => {
  await browser?.close();
  server?.close();
});

/** `login.html` is English, `login.de.html` German. */
const languageOf = (sample) => /\.([a-z]{2})\.html$/.exec(sample)?.[1] ?? 'en';

/** What axe-core looks at and keys reach is the same in all languages, but for German plain pages, which stand for their words. */
const isLookedAt = (sample) => languageOf(sample) === 'en' || (languageOf(sample) === 'de' && !sample.includes('-'));

async function look(page, name, language) {
  const far = await overflow(page);
  if (far > 0) wrong.wide.push(`${name}: ${far} px`);
  await picture(page, `page-${name}`);
  await accessible(page, name, { url: '/axe.js' }).catch(({ message }) => wrong.inAxe.push(message));
  if (language !== 'en') return;
  await walkByTab(page, name);
  await turn(page, name);
}

/** Pages in narrow frames side by side: of the other languages only the width counts. */
async function measure(page, names) {
  const widths = await page.evaluate(([all, width]) => Promise.all(all.map((name) => new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.style.cssText = `border: 0; width: ${width}px; height: 640px`;
    frame.onload = () => {
      const { documentElement, title } = frame.contentDocument;
      const found = { far: documentElement.scrollWidth - frame.contentWindow.innerWidth, title };
      frame.remove();
      resolve(found);
    };
    frame.src = `/${name}`;
    document.body.append(frame);
  }))), [names, NARROW]);
  widths.forEach(({ far, title }, place) => {
    if (far > 0 || !title) wrong.wide.push(`${names[place]}: ${far} px`);
    seen += 1;
  });
}

/** How far the page reaches beyond its window. */
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

async function turn(page, name) {
  await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
  const far = await overflow(page);
  const turned = await page.evaluate(() => [...document.querySelectorAll('.alert, .notice, pre')].every((it) => {
    const style = getComputedStyle(it);
    return parseFloat(style.borderRightWidth) > 0 && parseFloat(style.borderLeftWidth) === 0;
  }));
  if (far > 0 || !turned) wrong.turned.push(`${name}: ${far} px, ${turned}`);
}

async function walkByTab(page, name) {
  const wanted = await page.evaluate(() => {
    document.activeElement?.blur();
    const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')];
    const reachable = all.filter((it) => it.checkVisibility() && !it.disabled);
    reachable.forEach((it, place) => { it.dataset.place = String(place); });
    // From the top, whatever the page gives the focus to when it opens.
    const top = document.createElement('span');
    top.tabIndex = -1;
    document.body.prepend(top);
    top.focus();
    return reachable.length;
  });
  const [met, unseen] = [[], []];
  // Within a frame there may be more stops.
  for (let turns = 0; met.length < wanted && turns < wanted + 5; turns += 1) {
    await page.keyboard.press('Tab');
    const { place, isSeen, framed } = await page.evaluate(() => {
      const { dataset, tagName } = document.activeElement;
      const style = getComputedStyle(document.activeElement);
      const isSeen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
      return { place: dataset.place, isSeen, framed: tagName === 'IFRAME' };
    });
    if (framed) continue;
    met.push(place);
    if (!isSeen) unseen.push(place);
  }
  const inOrder = [...Array(wanted).keys()].map(String);
  if (met.join() !== inOrder.join()) wrong.order.push(`${name}: ${met.join()} of ${wanted}`);
  if (unseen.length > 0) wrong.unseen.push(`${name}: ${unseen.join()}`);
}

test('nothing is wrong with any page, light or dark', () => {
  assert.ok(seen > 160, `${seen} samples`);
  assert.deepEqual(wrong.inAxe, []);
});

test('no page is wider than a narrow phone', () => {
  assert.deepEqual(wrong.wide, [], `too wide at ${NARROW} px`);
});

test('lines may run from right to left: no page gets wider, and what stood at the beginning of a line does so still', () => {
  assert.deepEqual(wrong.turned, []);
});

test('with Tab alone people reach everything on a page, in the order in which it stands, and see where they are', () => {
  assert.deepEqual(wrong.order, []);
  assert.deepEqual(wrong.unseen, [], 'where the focus cannot be seen');
});
