// A task: the attempts at it, and what it prints, while it prints it.

import { ask, get, post, texts } from "../api.js";
import { h } from "../dom.js";
import { action, badge, facts, isOver } from "../parts.js";
import { Terminal } from "../terminal.js";
import { bytes, duration, moment, shown } from "../words.js";

/** How long after all that there was has come it is asked whether there is more. */
const AGAIN = 1000;

export async function load(place) {
  const [id, number] = place.parameters;
  const [job, task] = await Promise.all([get(`/v1/jobs/${id}`), get(`/v1/jobs/${id}/tasks/${number}`)]);
  place.over = isOver(task.state);
  place.usual = task.state === "failed" && await hasPrinted(`/v1/jobs/${id}/tasks/${number}/stderr`) ? "stderr" : "stdout";
  return { job, task };
}

/** What went wrong stands on stderr, as a rule. */
async function hasPrinted(path) {
  try {
    return (await ask(path, { headers: { range: "bytes=0-0" } })).status === 206;
  } catch {
    return false;
  }
}

export function show({ job, task }, place) {
  const { attempts } = task;
  return [
    h("p", { class: "crumbs" }, h("a", { href: "#/jobs" }, "Jobs"), " / ", h("a", { href: `#/jobs/${job.id}` }, job.id), ` / ${task.number}`),
    h("div", { class: "head" }, h("h1", null, `Task ${task.number} of ${job.name || `job ${job.id}`}`), badge(task.state)),
    h("div", { class: "actions" }, deeds(job, task, place)),
    facts([
      ["Command", job.command && h("code", null, job.command)],
      ["Its words", task.words.length > 0 && h("code", null, shown(task.words))],
      ]),
    h("section", { "aria-labelledby": "attempts" }, h("h2", { id: "attempts" }, "Attempts"), attemptTable(attempts, task)),
    h("section", { "aria-labelledby": "output" },
      h("div", { class: "head" }, h("h2", { id: "output" }, "Output"), choices(attempts, place)),
      output(job, task, place)),
  ];
}

function deeds(job, task, place) {
  const path = `/v1/jobs/${job.id}/tasks/${task.number}`;
  const { refresh: after } = place;
  if (isOver(task.state)) {
    return task.state !== "succeeded" && action("Retry", { done: "It waits again.", deed: () => post(`${path}/retry`), after });
  }
  return action("Cancel", {
    kind: "danger", done: "It is being cancelled.", deed: () => post(`${path}/cancel`), after,
    ask: { title: `Cancel task ${task.number}?`, text: "If it runs, it is ended. The job's other tasks go on.", yes: "Cancel the task" },
  });
}

function attemptTable(attempts, task) {
  if (attempts.length === 0) {
    return h("p", { class: "empty" }, task.state === "running" ? "The first attempt is running." : "It has not been tried yet.");
  }
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of attempts" }, h("table", null,
    h("caption", { class: "unseen" }, "Attempts that are over"),
    h("thead", null, h("tr", null, ["No.", "Ended", "Began", "Took", "CPU", "Memory", "Slot"].map((name) => h("th", { key: name, scope: "col" }, name)))),
    h("tbody", null, attempts.map((attempt, at) => h("tr", { key: at },
      h("td", null, attempt.number),
      h("td", { class: "name" }, ending(attempt)),
      h("td", { class: "soft" }, moment(attempt.began)),
      h("td", null, duration(attempt.wall)),
      h("td", null, duration(attempt.user + attempt.system)),
      h("td", null, attempt.max_rss ? bytes(attempt.max_rss) : "–"),
      h("td", { class: "soft" }, attempt.slot))))));
}

function ending({ end, code, message }) {
  const good = end === "exit" && code === 0;
  return [badge(good ? "succeeded" : "failed"), " ", good ? "" : code === undefined ? end : `${end} ${code}`, message && h("span", { class: "under" }, message)];
}

function choices(attempts, place) {
  const choice = (name, value, text) => {
    const current = (place.query[name] ?? (name === "stream" ? place.usual : "")) === value;
    return h("a", { key: `${name} ${value}`, href: place.address({ [name]: value }), "aria-current": current && "true" }, text);
  };
  return h("nav", { class: "choices", "aria-label": "Which output" },
    choice("stream", "stdout", "stdout"), choice("stream", "stderr", "stderr"),
    attempts.length > 1 && [h("span", { class: "gap" }), choice("attempt", "", "last"), attempts.slice(0, -1).map(({ number }) => choice("attempt", String(number), `no. ${number}`))]);
}

function output(job, task, place) {
  const { stream = place.usual, attempt = "" } = place.query;
  const path = `/v1/jobs/${job.id}/tasks/${task.number}/${stream}`;
  const query = attempt ? `?attempt=${attempt}` : "";
  // The last one is another when the next has begun.
  const which = `${path}${query} ${attempt || task.attempts.length + (task.state === "running" ? 1 : 0)}`;
  return h("div", { key: which, class: "output" },
    h("pre", { class: "terminal", role: "log", "aria-live": "off", "aria-label": `What it printed, ${stream}`, tabindex: 0, ref: (pre) => follow(pre, path, attempt, place) }),
    h("p", { class: "soft" },
      h("a", { href: `${path}${query}`, download: `job-${job.id}-task-${task.number}.${stream}` }, "Download"),
      !isOver(task.state) && " · more is shown as it comes"));
}

/** Shows what comes until the task is over, or somebody looks elsewhere. */
async function follow(pre, path, attempt, place) {
  const terminal = new Terminal(pre);
  const signal = place.left.signal;
  const asked = `${path}?${new URLSearchParams({ follow: "true", ...(attempt && { attempt }) })}`;
  const taken = { bytes: 0 };
  pre.dataset.empty = "Nothing so far.";
  for (let last = false; !signal.aborted && pre.isConnected && !last; ) {
    last = place.over;
    try {
      await take(asked, taken, signal, (text) => {
        terminal.write(text);
        return pre.isConnected;
      });
    } catch (error) {
      if (signal.aborted) return;
      // Nothing new is no trouble, and a service that is gone may come back.
      if (error.status && error.status !== 416) return terminal.write(`\x1b[31m${error.message}\x1b[0m\n`);
    }
    pre.dataset.empty = last ? "It printed nothing." : "Nothing so far.";
    if (!last) await new Promise((wake) => setTimeout(wake, AGAIN));
  }
}

/** Takes what there is beyond what was taken, as long as somebody wants it. What is followed comes from its beginning. */
async function take(path, taken, signal, wants) {
  const response = await ask(path, { signal, headers: taken.bytes > 0 ? { range: `bytes=${taken.bytes}-` } : {} });
  let known = response.status === 206 ? 0 : taken.bytes;
  const fresh = response.body.pipeThrough(new TransformStream({
    transform(chunk, next) {
      const rest = chunk.subarray(Math.min(known, chunk.byteLength));
      known -= chunk.byteLength - rest.byteLength;
      taken.bytes += rest.byteLength;
      next.enqueue(rest);
    },
  }));
  for await (const text of texts({ body: fresh })) if (!wants(text)) return;
}
