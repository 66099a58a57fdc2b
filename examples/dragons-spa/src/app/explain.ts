import type { State } from 'symbolon';

/** Words for the person; the code is for whoever runs the app. */
export function explain({ error, user }: State): string {
  if (!error) return '';
  const words: Record<string, string> = {
    access_denied: 'You said no, so nobody is signed in.',
    login_required: 'Sign in first.',
    unknown_state: 'That sign-in is finished already. Sign in again if you like.',
    network: user
      ? 'Symbolon cannot be reached at the moment. You stay signed in, and this page keeps trying.'
      : 'Symbolon cannot be reached at the moment. You can look around; to sign in, try again later.',
  };
  return words[error.code] ?? `Signing in did not work (${error.code}). ${error.hint}`;
}
