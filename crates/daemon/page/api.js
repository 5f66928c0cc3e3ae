// The service, asked. What it refuses is a Refusal, with its own words.

export class Refusal extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || `the service answered ${status}`);
    this.status = status;
  }
}

async function answered(response) {
  if (response.ok) return response;
  // A session that is over begins anew, where the service has sessions.
  if (response.status === 401) location.assign("/login");
  throw new Refusal(response.status, await response.json().catch(() => undefined));
}

/** Any answer, as it is. */
export async function ask(path, options = {}) {
  return answered(await fetch(path, { ...options, cache: "no-store" }));
}

export async function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "" && value !== null);
  const response = await ask(given.length ? `${path}?${new URLSearchParams(given)}` : path);
  return response.headers.get("content-type")?.includes("json") ? response.json() : response.text();
}

export async function post(path, body = {}) {
  const options = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return told(await ask(path, options));
}

export async function remove(path) {
  return told(await ask(path, { method: "DELETE" }));
}

async function told(response) {
  const text = await response.text();
  return text ? JSON.parse(text) : undefined;
}

/** Calls back for each server-sent event, until it is aborted or the stream ends. */
export async function events(path, signal, each) {
  const response = await ask(path, { signal, headers: { accept: "text/event-stream" } });
  each();
  for await (const text of texts(response)) if (/^data:/m.test(text)) each();
}

/** The pieces of a body as text, while they come. */
export async function* texts(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Whoever leaves early wants no more of it.
    reader.cancel().catch(() => undefined);
  }
}
