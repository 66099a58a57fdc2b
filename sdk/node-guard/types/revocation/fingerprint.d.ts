/**
 * The fingerprint of an id.
 * @param {string} kind its name
 * @param {string} id
 * @returns {Fingerprint}
 */
export function fingerprint(kind: string, id: string): Fingerprint;
/**
 * As two halves, since a number of JavaScript has no 64 bits.
 */
export type Fingerprint = {
    readonly hi: number;
    readonly lo: number;
};
