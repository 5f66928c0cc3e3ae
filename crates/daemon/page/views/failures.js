// What has failed: by cause, the most frequent first; and task by task, with its story.

import { get, post } from "../api.js";
import { h } from "../dom.js";
import { action } from "../parts.js";
import { count, many, moment, shown } from "../words.js";

const PAGE = 50;

export async function load({ query }) {
  const { queue, before } = query;
  const [causes, dead, queues] = await Promise.all([
    get("/v1/failures", { queue }), get("/v1/dead", { queue, before, limit: PAGE }), get("/v1/queues"),
  ]);
  return { causes, dead, queues };
}

export function show({ causes, dead, queues }, place) {
  return [
    h("h1", null, "Failures"),
    queues.length > 1 && choices(queues, place),
    h("section", { "aria-labelledby": "causes" }, h("h2", { id: "causes" }, "By cause"), groups(causes)),
    h("section", { "aria-labelledby": "dead" }, h("h2", { id: "dead" }, "Tasks that were given up"), letters(dead, place)),
  ];
}

function choices(queues, place) {
  const choice = (name, text) => h("a", { key: name, href: place.address({ queue: name, before: undefined }), "aria-current": (place.query.queue ?? "") === name && "true" }, text);
  return h("nav", { class: "choices", "aria-label": "Failures of queue" }, choice("", "all queues"), queues.map(({ name }) => choice(name, name)));
}

function groups(causes) {
  if (causes.length === 0) return h("p", { class: "empty" }, "Nothing has failed.");
  const [{ tasks: most }] = causes;
  return h("ul", { class: "causes" }, causes.map((group) => h("li", { key: cause(group), class: "card" },
    h("div", { class: "head" }, h("strong", null, cause(group)), h("span", { class: "soft" }, many(group.tasks, "task"))),
    h("svg", { class: "progress", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" }, h("rect", { class: "failed", width: (100 * group.tasks) / most, height: 6 })),
    h("p", { class: "soft" }, "The last is ", h("a", { href: `#/jobs/${group.job}/tasks/${group.number}` }, `task ${count(group.number)} of job ${group.job}`)))));
}

/** As an attempt ended. */
function cause({ end, code, message }) {
  const kind = code === undefined ? end : `${end} ${code}`;
  return message ? `${kind}: ${message}` : kind;
}

function letters(dead, place) {
  if (dead.length === 0) return h("p", { class: "empty" }, "No task was given up.");
  return [
    h("ul", { class: "causes" }, dead.map((letter) => card(letter, place))),
    dead.length === PAGE && h("nav", { class: "pager", "aria-label": "Pages of tasks" }, h("span"), h("a", { class: "button", href: place.address({ before: dead.at(-1).id }) }, "Older")),
  ];
}

function card(letter, place) {
  const { job, number, name, words, attempts } = letter;
  const last = attempts.at(-1);
  const path = `/v1/jobs/${job}/tasks/${number}`;
  return h("li", { key: `${job}/${number}`, class: "card" },
    h("div", { class: "head" },
      h("a", { href: `#/jobs/${job}/tasks/${number}` }, `Task ${number} of ${name}`),
      action("Retry", { kind: "small", label: `Retry task ${number} of job ${job}`, done: "It waits again.", deed: () => post(`${path}/retry`), after: place.refresh })),
    last && h("p", null, cause(last), " ", h("span", { class: "soft" }, `${many(attempts.length, "attempt")}, the last `, moment(last.ended))),
    words.length > 0 && h("p", null, h("code", null, shown(words))));
}
