export namespace KINDS {
    let jti: 1;
    let sid: 2;
    let rh: 3;
    let client: 16;
    let api: 17;
    let key: 18;
    let all: 19;
}
/** The kinds that a snapshot has pairs of, in its order. */
export const ID_KINDS: readonly [1, 2, 3];
export function isKnown(kind: number): boolean;
export function isRule(kind: number): boolean;
