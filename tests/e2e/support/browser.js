/** The real browser, and what a person does in it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** Waits are on conditions; this only bounds them. */
const TIMEOUT_MS = 15_000;

const start = (program) => ({ args = [], ...options } = {}) =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? program, args: [...FLAGS.split(' '), ...args], ...options });

/** Chromium without a window: the engine, the network and the storage are the same, pictures of windows are not drawn. Half the work. */
export const launch = start('/usr/bin/chromium-headless-shell');

/** Chromium as people have it, where what is around the page counts: settings for cookies, installed apps, authenticators. */
export const launchWhole = start('/usr/bin/chromium');

/**
 * One browser profile that is closed after the test. Scripts that fail, policies that are violated and errors on the
 * console fail the test, but for those it says must be there, and those it tolerates.
 */
export async function profile(t, browser, { onConsole = [], tolerate, ...options } = {}) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(TIMEOUT_MS);
  const complaints = [];
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('console', (message) => {
    // The browser itself reports 401 and 403 answers and being offline; those are part of the tests.
    const expected = /Failed to load resource/.test(message.text()) || tolerate?.test(message.text());
    if (message.type() === 'error' && !expected) complaints.push(message.text());
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, onConsole);
  });
  return context;
}

/** From the sample app's first page through the hosted page and back. */
export async function signIn(page, server, { email, password }) {
  await page.goto(server.app);
  await page.click('#sign-in');
  await fillIn(page, email, password);
  await page.locator('#sign-out').waitFor();
}

export async function fillIn(page, username, password) {
  await page.fill('input[name=username]', username);
  await page.fill('input[name=password]', password);
  await page.click('main button[type=submit]:not([name])');
}

/** The rows a button of the sample app brings, or its refusal. */
export async function load(page, what) {
  await page.click(`#load-${what}`);
  const result = page.locator(`#${what} td, #${what} .refusal`);
  await result.first().waitFor();
  return result.allInnerTexts();
}

/** Keeps a picture for people to look at, if the environment names a folder for them. */
export async function picture(page, name) {
  const folder = process.env.SYMBOLON_PICTURES;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** axe-core as one script. */
export const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core checks by each light: in the dark only colours are others. */
const CHECKS = {
  light: { rules: { 'target-size': { enabled: true } } },
  dark: { runOnly: ['color-contrast'] },
};

/** Nothing that axe-core finds is wrong with the page, light or dark. A site that has axe-core at an address of its own can have it loaded from there. */
export async function accessible(page, name, { url } = {}) {
  await (url ? page.addScriptTag({ url }) : page.evaluate(AXE));
  for (const [colorScheme, checks] of Object.entries(CHECKS)) {
    await page.emulateMedia({ colorScheme });
    const options = JSON.stringify({ resultTypes: ['violations'], ...checks });
    const { violations } = await page.evaluate(`axe.run(${options})`);
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`);
    assert.deepEqual(found, [], `${name}, ${colorScheme}`);
  }
}

const LOOKS = [1280, 360].flatMap((width) => ['light', 'dark'].map((colorScheme) => ({ width, colorScheme })));

/** The page fits, light and dark, wide and narrow. */
export async function pictures(page, name) {
  for (const { width, colorScheme } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${name} is ${overflow} px too wide at ${width} px`);
    await picture(page, `${name}-${colorScheme}-${width}`);
  }
}
