/** The set. All numbers are 32 bits without sign. */
export class IdSet {
    /** How many ids it holds. */
    size: number;
    /**
     * So many ids are about to be added: tables that grow do so once.
     * @param {number} count
     */
    expect(count: number): void;
    /**
     * @param {number} hi
     * @param {number} lo
     */
    has(hi: number, lo: number): boolean;
    /**
     * Adds an id that has not to be forgotten yet; says whether it is new.
     * @param {number} hi
     * @param {number} lo
     * @param {number} forgetAt
     * @param {number} now
     */
    add(hi: number, lo: number, forgetAt: number, now: number): boolean;
    /**
     * Forgets what is due in one of the tables.
     * @param {number} step any number; as many after each other as there are tables look at all of them
     * @param {number} now
     */
    forget(step: number, now: number): void;
    /** The memory it has taken, in bytes. */
    get bytes(): number;
    #private;
}
