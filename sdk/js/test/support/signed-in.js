/** A signed-in page, by the front door: start, login, the issuer, the callback. */

import { createAuth } from '../../src/symbolon.js';
import { APP, OPTIONS, until, World } from './world.js';

export async function signIn({ world = new World(), tab = world.tab(), options = {}, user = 'ada' } = {}) {
  let page = tab.load(`${APP}/dragons?page=2#top`);
  const first = createAuth({ ...OPTIONS, ...options }, page);
  await first.start();
  first.login();
  await until(() => page.visits.length > 0);
  page = tab.follow(user);
  const auth = createAuth({ ...OPTIONS, ...options }, page);
  await auth.start();
  return { world, tab, page, auth };
}
