/** The real browser, and what a person does in it. */

import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const FLAGS =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** Waits are on conditions; this only bounds them. */
const TIMEOUT_MS = 15_000;

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS.split(' ') });

/** One browser profile that is closed after the test. Scripts that fail and policies that are violated fail the test. */
export async function profile(t, browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(TIMEOUT_MS);
  const complaints = [];
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('console', (message) => {
    // The browser itself reports 401 and 403 answers and being offline; those are part of the tests.
    const expected = /Failed to load resource/.test(message.text());
    if (message.type() === 'error' && !expected) complaints.push(message.text());
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
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

let folder;
/** Keeps a picture for people to look at; prints where. */
export async function picture(page, name) {
  if (!folder) {
    folder = await mkdtemp(join(tmpdir(), 'symbolon-pictures-'));
    console.log(`# pictures in ${folder}`);
  }
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
