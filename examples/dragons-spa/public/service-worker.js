/**
 * The shell of the app works offline. What is kept is what `files.json` names, which the build has written: the files of
 * the app. Nothing that a page asks for is ever kept, so no token, no answer of an API and no address with a code in it.
 */

const SHELL = 'shell';

self.addEventListener('install', (event) => event.waitUntil(fill().then(() => self.skipWaiting())));
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== 'GET' || origin !== location.origin) return; // the issuer and the API are nobody's business here
  const page = mode === 'navigate';
  if (page) event.waitUntil(fill().catch(() => {})); // a newer build, perhaps; offline it stays as it is
  event.respondWith(fetch(event.request).catch(() => kept(page ? '/' : pathname)));
});

async function kept(path) {
  return (await (await caches.open(SHELL)).match(path)) ?? Response.error();
}

/** Fetches what is new in this build, and then drops what is no longer in it. */
async function fill() {
  const { build, files } = await (await fetch('/files.json', { cache: 'no-store' })).json();
  const cache = await caches.open(SHELL);
  if ((await (await cache.match('/files.json'))?.json())?.build === build) return;
  await cache.addAll(files);
  await cache.put('/files.json', Response.json({ build })); // last: whoever is cut off begins again
  for (const { url } of await cache.keys()) {
    const { pathname } = new URL(url);
    if (![...files, '/files.json'].includes(pathname)) await cache.delete(pathname);
  }
}
