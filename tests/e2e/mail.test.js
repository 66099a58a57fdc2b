/** Mail: what a developer sees of it, a forgotten password in the browser, and a mail server that takes, refuses, hangs and is away. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible, fillIn, launch, pictures, profile } from './support/browser.js';
import { freePort, serverFiles } from './support/certificates.js';
import { MailServer, plain } from './support/mail-server.js';
import { ADMIN, Server } from './support/server.js';
import { Visitor } from './support/visitor.js';

const NEW = 'three lanterns over the orbit';

/** Asks for a link in a browser without JavaScript, and returns the page after it. */
async function forgot(server, username, visitor = new Visitor()) {
  return visitor.submit(await visitor.get(`${server.issuer}/forgot`), '/forgot', { username });
}

/** The link in a letter. */
const link = (words) => words.match(/^http\S+\/reset\?code=\S+$/m)[0];

test('in development', async (t) => {
  const server = await Server.start();
  t.after(() => server.stop());
  const browser = await launch();
  t.after(() => browser.close());

  await t.test('who has forgotten the password comes back to the app, in the browser', async (t) => {
    const context = await profile(t, browser);
    const page = await context.newPage();
    await page.goto(server.app);
    await page.click('#sign-in');
    await page.click('#forgotten');
    await accessible(page, 'forgot');
    await pictures(page, 'forgot');
    await page.fill('#username', ADMIN.email);
    await page.click('#send');
    await page.getByText('a link is on its way').waitFor();
    await accessible(page, 'forgot-sent');
    await pictures(page, 'forgot-sent');

    const mail = await context.newPage();
    const letter = mail.getByRole('link', { name: 'Choose a new password' });
    while (!(await letter.isVisible())) await mail.goto(`${server.issuer}/dev/mail`);
    await pictures(mail, 'dev-mail');
    await letter.click();
    await mail.frameLocator('#html').getByText('Somebody, most likely you').waitFor();
    await pictures(mail, 'dev-letter');
    const opened = context.waitForEvent('page');
    await mail.frameLocator('#html').getByRole('link', { name: 'Choose a new password' }).click();
    // The sample app knows only in its own tab what it asked for.
    const reset = page;
    await reset.goto((await opened).url());
    await reset.fill('#password', NEW);
    await reset.fill('#password_confirm', NEW);
    await reset.click('#set-password');
    await reset.getByText('back in the app').waitFor();
    await accessible(reset, 'reset-onward');
    await pictures(reset, 'reset-onward');
    await reset.click('#again');
    await fillIn(reset, ADMIN.email, NEW);
    await reset.locator('#sign-out').waitFor();
    assert.equal(new URL(reset.url()).origin, server.app);
  });

  await t.test('the owner is told, the letters are there for tests, and only on this host', async () => {
    const read = async () => (await (await fetch(`${server.issuer}/dev/mail.json`)).json()).letters;
    let letters = await read();
    while (letters[0]?.template !== 'password_changed') letters = await read();
    assert.equal(letters[0].to, ADMIN.email);
    const html = await fetch(`${server.issuer}/dev/mail/${letters[0].number}/html`);
    assert.match(html.headers.get('content-security-policy'), /default-src 'none'; style-src 'sha256-.*sandbox/);
    assert.equal((await fetch(server.issuer.replace('localhost', '127.0.0.1') + '/dev/mail.json')).status, 404);
  });

  await t.test('browsers find the page by its well-known address', async () => {
    const answer = await fetch(`${server.issuer}/.well-known/change-password`, { redirect: 'manual' });
    assert.deepEqual([answer.status, answer.headers.get('location')], [302, '/account/password']);
  });
});

test('over a mail server', async (t) => {
  const mail = await MailServer.start({ secure: true, authMethods: ['PLAIN', 'LOGIN'] });
  const metrics = `127.0.0.1:${await freePort()}`;
  const settings = {
    SYMBOLON_METRICS__LISTEN: metrics,
    SYMBOLON_MAIL__SERVER: `smtps://dragons%40example.test@localhost:${mail.port}`,
    SYMBOLON_MAIL__PASSWORD: 'sesame',
    SYMBOLON_MAIL__FROM: 'The Dragons <no-reply@example.test>',
    SYMBOLON_OUTGOING__CA: serverFiles.cert,
  };
  const server = await Server.start({ settings });
  t.after(async () => {
    await server.stop();
    await mail.close();
  });
  const deliveries = async () => (await server.command(['delivery', 'list'])).deliveries.filter(({ kind }) => kind === 'mail');

  await t.test('a letter goes out encrypted, in both forms, from a machine', async () => {
    assert.match((await forgot(server, ADMIN.email)).body, /a link is on its way/);
    const letter = await mail.letter(0);
    assert.deepEqual([letter.from, letter.to, letter.secure, letter.user], ['no-reply@example.test', [ADMIN.email], true, 'dragons@example.test']);
    for (const header of [/^From: "?The Dragons"? <no-reply@example.test>/m, /^Auto-Submitted: auto-generated/m, /^Message-ID: <[^>]+@localhost>/im, /^Date: /m, /multipart\/alternative/, /text\/html/]) {
      assert.match(letter.raw, header);
    }
    assert.ok(link(plain(letter)).startsWith(`${server.issuer}/`));
  });

  await t.test('nobody is told who has an account, and only who has one is written to', async () => {
    const [known, unknown] = [await forgot(server, ADMIN.email), await forgot(server, 'nobody@example.test')];
    const same = ({ status, body }) => [status, body];
    assert.deepEqual(same(known), same(unknown));
    await mail.letter(1);
    let left = await deliveries();
    while (left.some(({ state }) => state === 'waiting')) left = await deliveries();
    assert.deepEqual(left.map(({ state }) => state), ['delivered', 'delivered'], 'what was wished for nobody leaves no trace');
    assert.equal(mail.letters.length, 2);
    assert.ok(!JSON.stringify(left).includes('sealed'));
  });

  await t.test('an operator tries it out, and doctor knows', async () => {
    const { answer } = await server.command(['mail', 'test', 'eve@example.test']);
    assert.match(answer, /^250 /);
    assert.deepEqual((await mail.letter(2)).to, ['eve@example.test']);
    mail.refuses = [550, 'no such mailbox'];
    await assert.rejects(server.command(['mail', 'test', 'eve@example.test']), /refuses the letter.*no such mailbox/s);
    mail.refuses = null;
  });

  await t.test('a letter outlives a crash while the mail server is away, and the queue shows nothing of it', async () => {
    await mail.close();
    await forgot(server, ADMIN.email);
    let [newest] = await deliveries();
    while (newest.state !== 'failing') [newest] = await deliveries();
    assert.match(newest.last_error, /cannot be used/);
    await server.crash();
    await mail.open();
    const letter = await mail.letter(3);
    const visitor = new Visitor();
    assert.match((await visitor.get(link(plain(letter)))).body, /Choose a new password/);
  });

  await t.test('what is refused for good is given up at once, and counted', async () => {
    mail.refuses = [550, 'no such mailbox'];
    await forgot(server, ADMIN.email);
    let [newest] = await deliveries();
    while (newest.state !== 'given_up') [newest] = await deliveries();
    assert.match(newest.last_error, /no such mailbox/);
    const counted = await (await fetch(`http://${metrics}/metrics`)).text();
    assert.match(counted, /symbolon_mail_total\{template="password_reset",outcome="delivery_given_up"\} 1\n/);
    mail.refuses = null;
  });

  await t.test('a mail server that says nothing keeps nobody from signing in', async () => {
    mail.hangs = true;
    const before = mail.connections;
    const sent = await forgot(server, ADMIN.email);
    assert.match(sent.body, /a link is on its way/);
    while (mail.connections === before) await forgot(server, 'nobody@example.test');
    const visitor = new Visitor();
    const began = performance.now();
    const page = await visitor.submit(await visitor.get(`${server.issuer}/login`), '/login', { username: ADMIN.email, password: ADMIN.password });
    assert.match(page.body, /Hello/);
    assert.ok(performance.now() - began < 10_000);
  });
});

test('STARTTLS, or no letter', async (t) => {
  const mail = await MailServer.start({ authMethods: ['PLAIN'] });
  const settings = {
    SYMBOLON_MAIL__SERVER: `smtp://dragons@localhost:${mail.port}`,
    SYMBOLON_MAIL__PASSWORD: 'sesame',
    SYMBOLON_MAIL__FROM: 'no-reply@example.test',
  };
  const trusting = await Server.start({ settings: { ...settings, SYMBOLON_OUTGOING__CA: serverFiles.cert } });
  t.after(async () => {
    await trusting.stop();
    await mail.close();
  });
  await trusting.command(['mail', 'test', 'eve@example.test']);
  assert.equal((await mail.letter(0)).secure, true);

  const strict = await Server.start({ settings: { ...settings, SYMBOLON_MAIL__PASSWORD: 'wrong' } });
  t.after(() => strict.stop());
  await assert.rejects(strict.command(['mail', 'test', 'eve@example.test']), /certificate/i, 'nobody vouches for it');

  await mail.close();
  const plainly = await MailServer.start({ port: mail.port, hideSTARTTLS: true, disabledCommands: ['STARTTLS'] });
  await assert.rejects(trusting.command(['mail', 'test', 'eve@example.test']), /STARTTLS/i, 'nothing goes out in the open');
  await plainly.close();
  await mail.open();
  assert.equal(mail.letters.length, 1);
});
