// Compiled, never run: an application as TypeScript sees it.
import { AuthError, createAuth, decode, type Auth, type Options, type State } from 'symbolon';
import { sessionOf, type Session } from 'symbolon/server';
import { openSocket, type AuthSocket } from 'symbolon/socket';

const options: Options = {
  issuer: 'https://auth.example.com',
  clientId: 'dragons-spa',
  apis: { 'https://api.example.com': { scope: 'read:dragons' } },
};
const auth: Auth = createAuth(options);
const state: State = await auth.start();
const off: () => void = auth.subscribe(({ user }) => console.log(user?.name));
auth.on('signed-out', ({ reason }) => console.log(reason))();
const response: Response = await auth.fetch('https://api.example.com/api/dragons', { method: 'POST' });
const token: string = await auth.token({ api: 'https://api.example.com', minTtl: 30 });
const allowed: boolean = auth.hasScope('read:dragons') || auth.hasRole('admin');
await auth.login({ returnTo: '/x', prompt: 'login', loginHint: 'ada' }).catch((error: AuthError) => error.code);
await auth.login({ signup: true, connection: 'google', acr: 'urn:x', maxAge: 300, locale: 'de', prompt: 'login' });
const { status }: State = await auth.loginPopup({ loginHint: 'ada' });
await auth.stepUp({ acr: 'urn:x', maxAge: 0, returnTo: '/pay' });
await auth.refreshUser();
const answer: Response = await auth.fetch('/api', { stepUp: 'manual' });
console.log(status, answer, auth.hasScope('a', 'b'), new AuthError('network').docs);
createAuth({ ...options, storage: 'local', dpop: false, tabs: 'isolated', renew: { before: 30, retry: [1] }, onError: ({ docs }) => docs });
await auth.logout({ returnTo: '/', everywhere: true });
console.log(state.status === 'signed-in', off, response, allowed, decode(token).claims);

const socket: AuthSocket = openSocket(auth, 'wss://api.example.com/live', { protocols: ['dragons.v1'] });
socket.addEventListener('message', (event) => console.log((event as MessageEvent).data));
const handed: boolean = socket.isOpen && socket.send('text') && socket.send(new Uint8Array(1));
socket.close();
const session: Session | null = await sessionOf(new Request('https://app.example.com'), { issuer: options.issuer, clientId: 'x', fetch });
const { user, claims, csrfToken, expiresAt }: Session = session!;
console.log(handed, user.name, claims.sub, csrfToken.length, expiresAt.toFixed(), await sessionOf({ headers: { cookie: 'a=b' } }, { issuer: '', clientId: '' }));

// @ts-expect-error a socket belongs to a sign-in
openSocket('wss://api.example.com/live');
// @ts-expect-error whose session?
await sessionOf(new Request('https://app.example.com'), { issuer: options.issuer });
// @ts-expect-error the issuer is required
createAuth({ clientId: 'x' });
// @ts-expect-error not a storage mode of this version
createAuth({ ...options, storage: 'cookies' });
// @ts-expect-error no such event
auth.on('signed_in', () => {});
// @ts-expect-error snapshots are read-only
state.scopes.push('admin');
