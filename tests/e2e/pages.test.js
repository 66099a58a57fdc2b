/** Every page in every state it has samples of: axe-core, the narrowest phone, a keyboard alone. The Rust tests write the samples. */

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { accessible, launch, picture } from './support/browser.js';

const FOLDER = process.env.SYMBOLON_PAGES;
const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.svg': 'image/svg+xml' };
/** What a page shows is looked at, not what it would do next: pages that go on by themselves stay. */
const STILL = "default-src 'none'; style-src 'self'; img-src 'self'";

/** Reflow without scrolling in two dimensions (WCAG 2.2, 1.4.10). */
const NARROW = 320;

let samples;
let server;
let browser;
let page;

before(async () => {
  assert.ok(FOLDER, 'SYMBOLON_PAGES names the folder that `SYMBOLON_PAGES=… cargo test -p symbolon-server --lib pages_can_be_looked_at` has filled');
  samples = (await readdir(FOLDER)).filter((name) => name.endsWith('.html')).sort();
  server = createServer(async (request, response) => {
    const body = await readFile(join(FOLDER, new URL(request.url, 'http://localhost').pathname)).catch(() => undefined);
    response.writeHead(body ? 200 : 404, { 'Content-Type': TYPES[extname(request.url)] ?? 'text/plain', 'Content-Security-Policy': STILL });
    response.end(body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  browser = await launch();
  page = await browser.newPage({ locale: 'en-GB' });
});
after(async () => {
  await browser?.close();
  server?.close();
});

/** `login.html` is English, `login.de.html` German. */
const languageOf = (sample) => /\.([a-z]{2})\.html$/.exec(sample)?.[1] ?? 'en';

async function each(check, isWanted = () => true) {
  assert.ok(samples.length > 160, `${samples.length} samples`);
  for (const sample of samples.filter(isWanted)) {
    await page.goto(`http://127.0.0.1:${server.address().port}/${sample}`);
    await check(sample.replace('.html', ''), languageOf(sample));
  }
}

const inEnglish = (sample) => languageOf(sample) === 'en';

/** How far the page reaches beyond its window. */
const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

test('nothing is wrong with any page, light or dark, and none is wider than a narrow phone', { timeout: 300_000 }, async () => {
  await page.setViewportSize({ width: NARROW, height: 640 });
  const wide = [];
  await each(async (name, language) => {
    // What axe-core looks at is the same in all languages, but for the one that stands for their words.
    const isPlain = !name.includes('-');
    if (language === 'en' || (language === 'de' && isPlain)) await accessible(page, name);
    const far = await overflow();
    if (far > 0) wide.push(`${name}: ${far} px`);
    await picture(page, `page-${name}`);
  });
  assert.deepEqual(wide, [], `too wide at ${NARROW} px`);
});

test('lines may run from right to left: no page gets wider, and what stood at the beginning of a line does so still', { timeout: 300_000 }, async () => {
  await page.setViewportSize({ width: NARROW, height: 640 });
  const wide = [];
  await each(async (name) => {
    await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
    const far = await overflow();
    const turned = await page.evaluate(() => [...document.querySelectorAll('.alert, .notice, pre')].every((it) => {
      const style = getComputedStyle(it);
      return parseFloat(style.borderRightWidth) > 0 && parseFloat(style.borderLeftWidth) === 0;
    }));
    if (far > 0 || !turned) wide.push(`${name}: ${far} px, ${turned}`);
  }, inEnglish);
  assert.deepEqual(wide, []);
});

test('with Tab alone people reach everything on a page, in the order in which it stands, and see where they are', { timeout: 300_000 }, async () => {
  await each(async (name) => {
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
    for (let turn = 0; met.length < wanted && turn < wanted + 5; turn += 1) {
      await page.keyboard.press('Tab');
      const { place, seen, framed } = await page.evaluate(() => {
        const { dataset, tagName } = document.activeElement;
        const style = getComputedStyle(document.activeElement);
        const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
        return { place: dataset.place, seen, framed: tagName === 'IFRAME' };
      });
      if (framed) continue;
      met.push(place);
      if (!seen) unseen.push(place);
    }
    assert.deepEqual(met, [...Array(wanted).keys()].map(String), name);
    assert.deepEqual(unseen, [], `${name}: where the focus cannot be seen`);
  }, inEnglish);
});
