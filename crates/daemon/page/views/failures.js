// What has failed: by cause, the most frequent first; and task by task, with its story.

import { get, list, maybe, post } from "../api.js";
import { h } from "../dom.js";
import { absent, action } from "../parts.js";
import { count, many, moment, shown } from "../words.js";

const PAGE = 50;

export async function load({ query }) {
  const { queue, before } = query;
  const [causes, dead, queues] = await Promise.all([
    maybe("/v1/failures", { queue }), maybe("/v1/dead", { queue, before, limit: PAGE }), get("/v1/queues"),
  ]);
  return { causes: causes && list(causes), dead: dead && list(dead), queues: list(queues) };
}

export function show({ causes, dead, queues }, place) {
  return [
    h("h1", null, "Failures"),
    queues.length > 1 && choices(queues, place),
    h("section", { "aria-labelledby": "causes" }, h("h2", { id: "causes" }, "By cause"), causes === undefined ? absent("causes") : groups(causes)),
    h("section", { "aria-labelledby": "dead" }, h("h2", { id: "dead" }, "Tasks that were given up"), dead === undefined ? absent("dead letters") : letters(dead, place)),
  ];
}

function choices(queues, place) {
  const choice = (name, text) => h("a", { key: name, href: place.address({ queue: name, before: undefined }), "aria-current": (place.query.queue ?? "") === name && "true" }, text);
  return h("nav", { class: "choices", "aria-label": "Failures of queue" }, choice("", "all queues"), queues.map(({ name }) => choice(name, name)));
}

function groups(causes) {
  if (causes.length === 0) return h("p", { class: "empty" }, "Nothing has failed.");
  const most = Math.max(...causes.map((group) => group.count ?? group.tasks ?? 1));
  return h("ul", { class: "causes" }, causes.map((group) => {
    const number = group.count ?? group.tasks ?? 1;
    return h("li", { key: cause(group), class: "card" },
      h("div", { class: "head" }, h("strong", null, cause(group)), h("span", { class: "soft" }, many(number, "task"))),
      h("svg", { class: "progress", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" }, h("rect", { class: "failed", width: (100 * number) / most, height: 6 })),
      example(group));
  }));
}

/** As the service says it; of an end with a code, both. */
function cause({ cause: said, end, code, message }) {
  const kind = [end, code].filter((part) => part !== undefined && part !== null).join(" ") || "unknown";
  return said ?? (message ? `${kind}: ${message}` : kind);
}

function example(group) {
  const [job, task] = [group.example?.job ?? group.last?.job ?? group.job, group.example?.task ?? group.example?.number ?? group.last?.number ?? group.number ?? 1];
  return job && h("p", { class: "soft" }, "For example ", h("a", { href: `#/jobs/${job}/tasks/${task}` }, `task ${count(task)} of job ${job}`));
}

function letters(dead, place) {
  if (dead.length === 0) return h("p", { class: "empty" }, "No task was given up.");
  return [
    h("ul", { class: "causes" }, dead.map((letter) => card(letter, place))),
    dead.length === PAGE && h("nav", { class: "pager", "aria-label": "Pages of tasks" }, h("span"), h("a", { class: "button", href: place.address({ before: dead.at(-1).id ?? dead.at(-1).job }) }, "Older")),
  ];
}

function card(letter, place) {
  const { job, number = letter.task, name, words = [] } = letter;
  const last = letter.attempts?.at?.(-1) ?? letter.last ?? letter;
  const path = `/v1/jobs/${job}/tasks/${number}`;
  return h("li", { key: `${job}/${number}`, class: "card" },
    h("div", { class: "head" },
      h("a", { href: `#/jobs/${job}/tasks/${number}` }, `Task ${number} of ${name || `job ${job}`}`),
      action("Retry", { kind: "small", label: `Retry task ${number} of job ${job}`, done: "It waits again.", deed: () => post(`${path}/retry`), after: place.refresh })),
    h("p", null, cause(last), " ", h("span", { class: "soft" }, moment(last.ended))),
    words.length > 0 && h("p", null, h("code", null, shown(words))));
}
