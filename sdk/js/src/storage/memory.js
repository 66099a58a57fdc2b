/**
 * `memory`: the refresh token in a worker, the access token in the page.
 *
 * Token requests are sent by the worker, which puts the refresh token in on the way out and takes the next one out on
 * the way in. So no script of the page ever has it, and none can make the worker send it anywhere but to the two
 * endpoints named at its start. The worker starts from a blob: a policy needs `worker-src blob:`. Where it cannot
 * start, the same function does the same in the page, out of reach of all but a script that was there first.
 */

/** @typedef {import('../symbolon.js').Env} Env */
/** @typedef {[url: string, headers: [string, string][], body: string]} Ask */
/** @typedef {[status: number, headers: [string, string][], text: string]} Answer */

/**
 * Holds the refresh token; the page says `kept` in its place. It travels to the worker as text, so it refers to nothing
 * outside itself; and it is written without `async`, spread and the like, which a bundler may turn into calls of
 * helpers that stay behind.
 * @param {typeof fetch} send
 * @param {string[]} endpoints
 */
function keeper(send, endpoints) {
  let token = '';
  return (/** @type {Ask} */ ask) => {
    const url = ask[0];
    if (!endpoints.includes(url)) return Promise.reject(new TypeError('not an endpoint'));
    const body = new URLSearchParams(ask[2]);
    for (const name of ['refresh_token', 'token']) if (body.get(name) === 'kept') body.set(name, token);
    return send(url, {
      method: 'POST',
      headers: ask[1],
      body,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      referrerPolicy: 'no-referrer',
    }).then((response) =>
      response.text().then((text) => {
        try {
          const json = JSON.parse(text);
          if (json.refresh_token) {
            token = json.refresh_token;
            json.refresh_token = 'kept';
            text = JSON.stringify(json);
          }
        } catch {
          text = ''; // not JSON is nothing that anybody wants to read
        }
        return /** @type {Answer} */ ([response.status, Array.from(response.headers), text]);
      }),
    );
  };
}

/** The worker's script. */
const SCRIPT = `const keeper = ${keeper};
let keep;
onmessage = ({ data: [id, data] }) => {
  if (!keep) return (keep = keeper(fetch, data)), postMessage([]);
  keep(data).catch(() => undefined).then((answer) => postMessage([id, answer]));
};`; // not async: what it throws has to reach the page's onerror

/**
 * What sends token requests from now on.
 * @param {Env} env
 * @param {string[]} endpoints
 * @returns {Promise<(request: Request) => Promise<Response>>}
 */
export async function keep(env, endpoints) {
  const ask = (await inWorker(env, endpoints)) ?? keeper(env.fetch.bind(env), endpoints);
  return async (request) => {
    const body = await request.text();
    const late = new Promise((_, reject) => request.signal.addEventListener('abort', reject));
    const asked = ask([request.url, [...request.headers], body]);
    const [status, headers, text] = await /** @type {Promise<Answer>} */ (Promise.race([asked, late]));
    return new Response(text, { status, headers });
  };
}

/** @param {Env} env @param {string[]} endpoints */
async function inWorker(env, endpoints) {
  try {
    const worker = new env.Worker(env.URL.createObjectURL(new Blob([SCRIPT], { type: 'text/javascript' })));
    /** @type {Map<number, (answer: Answer | undefined) => void>} */
    const waiting = new Map();
    const ready = new Promise((resolve, reject) => {
      worker.onerror = reject; // a policy that forbids it says so only here
      worker.onmessage = ({ data: [id, answer] }) => (id ? waiting.get(id)?.(answer) : resolve(0));
    });
    worker.postMessage([0, endpoints]);
    await ready;
    let last = 0;
    return /** @type {(ask: Ask) => Promise<Answer>} */ (
      (ask) =>
        new Promise((resolve, reject) => {
          const id = ++last;
          waiting.set(id, (answer) => {
            waiting.delete(id);
            if (answer) resolve(answer);
            else reject(new TypeError('no answer'));
          });
          worker.postMessage([id, ask]);
        })
    );
  } catch {
    return undefined;
  }
}
