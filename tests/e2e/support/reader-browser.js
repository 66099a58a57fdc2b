/** The person in front of a program of the manual, which imports it as `browser.mjs`. */

import { execFileSync } from 'node:child_process';

/** Goes to the address and signs in there; gives what the browser then brings to the client: a URL, or a `Request` if it is a form. */
export function arrived(url) {
  const { action, body } = JSON.parse(execFileSync('arrived', [url.href], { encoding: 'utf8' }));
  return body === undefined ? new URL(action) : new Request(action, { method: 'POST', body: new URLSearchParams(body) });
}

/** Opens the page of what was asked over the back channel, and allows it. */
export const answered = (url) => void execFileSync('ciba', [url], { stdio: 'ignore' });
