// Requests. What the server does not confirm has not happened: the page waits, and sends the same thing again.

export class Refusal extends Error {
  constructor(status, message, hint) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

let number = 0;
const page = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// A name for one act; sent twice under the same name, it is kept once.
export const actKey = () => `${page}-${++number}`;

export async function get(path) {
  // It may have been asked for before the modules were here.
  const early = globalThis.early?.get(path);
  globalThis.early?.delete(path);
  return answer(await (early ?? fetch(path)));
}

export async function post(path, body, more = {}) {
  return answer(
    await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      ...more,
    }),
  );
}

export async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new Refusal(response.status, body.message ?? `the server answered ${response.status}`, body.hint);
}

// Sends until the server answers. `waiting` is told each time why it does not.
export async function insist(path, body, waiting) {
  for (let pause = 300; ; pause = Math.min(pause * 1.6, 5000)) {
    try {
      return await post(path, body);
    } catch (error) {
      const passing = !(error instanceof Refusal) || error.status === 507 || error.status === 500;
      if (!passing) throw error;
      waiting(error);
      await new Promise((done) => setTimeout(done, pause));
    }
  }
}
