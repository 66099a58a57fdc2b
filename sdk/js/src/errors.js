/**
 * Errors of the SDK: one class, a stable code, a hint for the developer. No token, code or verifier ever gets in here,
 * and nothing from a URL but a checked error code: what an attacker can put in a link is not shown.
 */

/** What to do about each code. OAuth's own (RFC 6749 §4.1.2.1, §5.2) pass through; most with the hint of `server`. */
const HINTS = {
  access_denied: 'The person said no, or may not: offer login() again.',
  config: 'Check the options of createAuth().',
  crypto_unavailable: 'Use https or localhost: WebCrypto needs a secure context.',
  id_token: 'Check issuer, clientId and the clocks.',
  invalid_callback: 'The answer is malformed or from another issuer: ignored.',
  login_required: 'Call login().',
  network: 'Offline, or this origin is not allowed for the client (CORS).',
  restore_loop: 'Does the page at redirectUri call start()?',
  server: 'The log of the server has the reason.',
  storage_unavailable: 'sessionStorage is blocked.',
  unknown_state: 'This sign-in is over or began in another tab: ignored.',
};

/** Every failure the SDK reports. */
export class AuthError extends Error {
  /**
   * @param {string} code stable, for programs
   * @param {string} [detail] for developers: never a secret
   */
  constructor(code, detail) {
    const other = code.endsWith('_required') ? HINTS.login_required : HINTS.server;
    const hint = HINTS[/** @type {keyof typeof HINTS} */ (code)] ?? other;
    super(`${code}: ${detail ? `${detail}. ${hint}` : hint}`);
    this.name = 'AuthError';
    /** Stable code, such as `login_required`. */
    this.code = code;
    /** What to do about it. */
    this.hint = hint;
  }
}

/**
 * An OAuth error code as the standard writes it, or `server` for anything else.
 * @param {unknown} value
 */
export const oauthCode = (value) => (typeof value === 'string' && /^[a-z_]{1,64}$/.test(value) ? value : 'server');
