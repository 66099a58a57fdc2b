/** @returns {never} */
export function open(): never;
