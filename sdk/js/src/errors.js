/**
 * Errors of the SDK: one class, a stable code, a hint for the developer. No token, code or verifier ever gets in here,
 * and nothing from a URL but a checked error code: what an attacker can put in a link is not shown.
 */

/** What a person decides, or must be asked. */
export const PERSONAL = /_required$|^access_denied$|_closed$/;

/**
 * What to do about each code that is not a person's, but for those that a part of the SDK brings with it. OAuth's own
 * (RFC 6749 §4.1.2.1, §5.2) pass through, without a hint here. More about each is in `pages/errors.html`, which the
 * issuer serves.
 */
export const HINTS = {
  config: 'Check the options of createAuth().',
  id_token: 'Check issuer, clientId and the clocks.',
  network: 'Offline, or CORS: is this origin one of the client?',
};

/** Every failure the SDK reports. */
export class AuthError extends Error {
  /** Where the issuer tells more about each code. */
  static home = '';

  /**
   * @param {string} code stable, for programs
   * @param {string} [detail] for developers: never a secret
   * @param {string} [hint] what to do about it
   */
  constructor(code, detail, hint = HINTS[/** @type {keyof typeof HINTS} */ (code)]) {
    hint ??= PERSONAL.test(code) ? 'Call login().' : 'See the log of the server.';
    super(`${code}: ${detail ? `${detail}. ${hint}` : hint}`);
    this.name = 'AuthError';
    /** Stable code, such as `login_required`. */
    this.code = code;
    /** What to do about it. */
    this.hint = hint;
    /** Where more is said about it. */
    this.docs = AuthError.home && AuthError.home + code;
  }
}

/**
 * An OAuth error code as the standard writes it, or `server` for anything else.
 * @param {unknown} value
 */
export const oauthCode = (value) => (typeof value === 'string' && /^[a-z_]{1,64}$/.test(value) ? value : 'server');
