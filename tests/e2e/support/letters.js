/** Letters as a developer reads them, at `/dev/mail.json`. */

const TURNS = 800;
const TURN_MS = 25;

const all = async (server) => (await (await fetch(`${server.issuer}/dev/mail.json`)).json()).letters;

/** The letters of a kind to an address, the newest first. */
export const letters = async (server, to, template) => (await all(server)).filter((one) => one.to === to && one.template === template);

/** The newest of them once there are more than are known, and it fits: letters go out behind the answer. */
export async function letter(server, to, template, { known = 0, fits = () => true } = {}) {
  for (let turn = 0; turn < TURNS; turn++) {
    const found = await letters(server, to, template);
    const newest = found.find(fits);
    if (newest && found.length > known) return newest;
    await new Promise((soon) => setTimeout(soon, TURN_MS));
  }
  throw new Error(`no letter ${template} to ${to}; there are ${(await all(server)).map((one) => `${one.template} to ${one.to}`).join(', ')}`);
}

/** The code that stands in a line of its own. */
export const codeIn = ({ text }) => /^\s*(\d{6,8})\s*$/m.exec(text)[1];
/** The link to a path. */
export const linkIn = ({ text }, path) => text.split('\n').find((line) => line.startsWith('http') && line.includes(path));
