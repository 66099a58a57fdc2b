/** Letters over a mail server as operators have it, Postfix: by STARTTLS into a mailbox, with greylisting, a crash meanwhile, and a limit on size. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch, profile } from './support/browser.js';
import { serverFiles } from './support/certificates.js';
import { codeIn, linkIn } from './support/letters.js';
import { plain } from './support/mail-server.js';
import { lacksPostfix, Postfix } from './support/postfix.js';
import { Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const PASSWORD = 'seven calm otters knit a scarf';
const PATIENCE_MS = 15_000;
const HILDE = 'hilde@example.test';

/** Who goes without is told why; where nobody would read that, it is a failure. */
const skip = process.env.CI === 'true' ? undefined : lacksPostfix;

/** Headers of a letter by their names in small letters, as their words are (RFC 2047). */
function headers(raw) {
  const [head] = raw.split(/\r?\n\r?\n/, 1);
  const lines = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  return Object.fromEntries(lines.map((line) => /^([^:]+): *(.*)$/.exec(line)).filter(Boolean).map(([, name, value]) => [name.toLowerCase(), words(value)]));
}

const words = (value) =>
  value.replace(/\?=\s+=\?/g, '?==?').replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, how, text) =>
    Buffer.from(how.toLowerCase() === 'b' ? Buffer.from(text, 'base64') : Buffer.from(text.replaceAll('_', ' ').replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))), 'latin1')).toString(),
  );

describe('over Postfix', { skip }, () => {
  let postfix;
  let server;
  let browser;
  const settings = () => ({
    SYMBOLON_MAIL__SERVER: `smtp://localhost:${postfix.port}`,
    SYMBOLON_MAIL__FROM: 'Die Drachen von Møn <no-reply@example.org>',
    SYMBOLON_OUTGOING__CA: serverFiles.cert,
  });

  before(async () => {
    assert.equal(lacksPostfix, undefined);
    postfix = await Postfix.start();
    server = await Server.start({ settings: settings() });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    await postfix?.stop();
  });

  const deliveries = async (one = server) => (await one.command(['delivery', 'list'])).deliveries.filter(({ kind }) => kind === 'mail');
  const newest = async (state, one) => {
    const until = Date.now() + PATIENCE_MS;
    let found;
    do [found] = await deliveries(one);
    while (found?.state !== state && Date.now() < until);
    assert.equal(found?.state, state);
    return found;
  };
  const forgot = async (username) => {
    const visitor = new Visitor();
    return visitor.submit(await visitor.get(`${server.issuer}/forgot`), '/forgot', { username });
  };

  test('an account is made with the letter from the mailbox, and a forgotten password is told in its language', async (t) => {
    const page = await (await profile(t, browser, { locale: 'de-DE' })).newPage();
    await page.goto(`${server.issuer}/signup`);
    await page.fill('#email', HILDE);
    await page.fill('#name', 'Hilde Østergård');
    await page.fill('#password', PASSWORD);
    await page.fill('#password_confirm', PASSWORD);
    await page.click('#create');
    const raw = await postfix.letter(HILDE);
    const head = headers(raw);
    const code = codeIn({ text: plain({ raw }) });
    assert.match(head.received, /\(using TLSv1\.[23] with cipher .*by mx\.example\.test \(Postfix\) with ESMTPS/, 'STARTTLS');
    assert.equal(head['return-path'], '<no-reply@example.org>');
    assert.match(head.from, /^"?Die Drachen von Møn"? <no-reply@example\.org>$/);
    assert.deepEqual([head.to, head.subject], [HILDE, `${code} ist Ihr Code`]);
    assert.match(head['message-id'], /^<[^@\s]+@localhost>$/);
    assert.ok(Math.abs(Date.parse(head.date) - Date.now()) < 60_000, head.date);
    assert.equal(head['auto-submitted'], 'auto-generated');
    assert.match(head['content-type'], /^multipart\/alternative; *boundary=/);
    const parts = [...raw.matchAll(/^content-type: (text\/\w+); *charset="?([\w-]+)/gim)].map(([, type, charset]) => [type, charset.toLowerCase()]);
    assert.deepEqual(parts, [['text/plain', 'utf-8'], ['text/html', 'utf-8']]);
    assert.ok(raw.split('\n').every((line) => line.length <= 998), 'RFC 5322 §2.1.1');
    await page.fill('#code', code);
    await page.click('#continue');
    await page.goto(`${server.issuer}/account`);
    await page.getByRole('heading', { name: 'Ihr Konto' }).waitFor();

    await page.goto(`${server.issuer}/forgot`);
    await page.fill('#username', HILDE);
    await page.click('#send');
    const reset = await postfix.letter(HILDE, 1);
    assert.equal(headers(reset).subject, 'Neues Passwort wählen');
    assert.match(/^subject: (.*)$/im.exec(reset)[1], /^[\x20-\x7e]+$/, 'in letters that every mail server knows');
    assert.match(plain({ raw: reset }), /hat das Passwort/);
  });

  test('greylisting keeps one letter back and no other, and a crash does not lose it', async () => {
    const { email } = await server.addUser('ivan@example.test', 'Ivan', PASSWORD);
    postfix.greylisted.add(email);
    await forgot(email);
    const waiting = await newest('failing');
    assert.match(waiting.last_error, /450.*Greylisted, come back later/);
    const { queue_id } = postfix.asked.findLast(({ recipient }) => recipient === email);
    assert.equal(queue_id, '', 'it is refused before its text is shown');
    await server.command(['mail', 'test', 'judy@example.test']);
    await postfix.letter('judy@example.test');
    assert.deepEqual(await postfix.letters(email), []);

    await server.crash();
    postfix.greylisted.delete(email);
    const letter = await postfix.letter(email);
    const page = await new Visitor().get(linkIn({ text: plain({ raw: letter }) }, '/reset?code='));
    assert.match(page.body, /Choose a new password/);
    await newest('delivered');
    assert.equal((await postfix.letters(email)).length, 1);
  });

  test('who has no mailbox there, and what is too large, is given up and told', async (t) => {
    await assert.rejects(server.command(['mail', 'test', 'eve@elsewhere.example']), /refuses the letter: permanent error \(554\): 5\.7\.1 .*Relay access denied/);
    const small = await Server.startNew({ settings: { ...settings(), SYMBOLON_MAIL__SERVER: `smtp://localhost:${postfix.smallPort}` } });
    t.after(() => small.stop());
    await assert.rejects(small.command(['mail', 'test', 'eve@example.test']), /refuses the letter: permanent error \(552\): 5\.3\.4 .*too big/);
    await small.command(['user', 'invite', 'kim@example.test', '--mail']);
    assert.match((await newest('given_up', small)).last_error, /\(552\): 5\.3\.4 .*too big/);
    assert.deepEqual(await postfix.letters('kim@example.test'), []);
  });

  test('nobody who does not know the certificate is sent a letter', async (t) => {
    const { SYMBOLON_OUTGOING__CA: _, ...trusting } = settings();
    const strict = await Server.startNew({ settings: trusting });
    t.after(() => strict.stop());
    await assert.rejects(strict.command(['mail', 'test', 'lena@example.test']), /certificate/i);
    assert.deepEqual(await postfix.letters('lena@example.test'), []);
  });
});
