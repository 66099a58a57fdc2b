/** What people confirm themselves with beside a password: codes of an app (RFC 6238), and an authenticator of Chromium's. */

import { createHmac } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;
/** Setting up takes a code of the step before, which may be over when it arrives. */
const SET_UP_TURNS = 3;

/** The code that an app shows, `steps` from now. Each works once, as does every older one. */
export function totp(secret, steps = 0) {
  const bits = [...secret.replace(/\s/g, '')].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS) + steps));
  const tag = createHmac('sha1', key).update(message).digest();
  return String((tag.readUInt32BE(tag.at(-1) & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
}

/** Confirms the app on a page that shows a key, and leaves the code of this half minute for the next sign-in; ends at the recovery codes. */
export async function confirmApp(page) {
  const codes = page.locator('#codes');
  let secret;
  // Behind a passkey, where both can be set up.
  if (await page.locator('#way-totp').isVisible()) await page.click('#way-totp');
  for (let turn = 0; turn < SET_UP_TURNS && !(await codes.isVisible()); turn++) {
    secret = await page.locator('#secret').innerText();
    await page.fill('#code', totp(secret, -1));
    await page.click('#continue');
    await page.locator('#codes, #problem').waitFor();
  }
  return { secret, codes: await codes.locator('code').allInnerTexts() };
}

/** Sets up an app in the account of whoever is signed in there; ends at the recovery codes. */
export async function setUpApp(page, server) {
  await page.goto(`${server.issuer}/account/security`);
  await page.click('#set-up-totp');
  return confirmApp(page);
}

/** An authenticator in the page's browser that confirms everything. */
export async function authenticator(page, more = {}) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, ...more };
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options });
  const credentials = async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  const present = (enabled) => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
  return { credentials, present };
}
