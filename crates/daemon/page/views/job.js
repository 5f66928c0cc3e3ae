// A job with its tasks, and what can be done with it.

import { get, post, remove } from "../api.js";
import { h } from "../dom.js";
import { action, badge, called, facts, isOver, progress, tally } from "../parts.js";
import { duration, many, moment, shown } from "../words.js";

const PAGE = 100;
const STATES = ["waiting", "delayed", "running", "succeeded", "failed", "stopped"];

export async function load({ parameters: [id], query }) {
  const { from, state } = query;
  const [job, tasks] = await Promise.all([get(`/v1/jobs/${id}`), get(`/v1/jobs/${id}/tasks`, { from, state, limit: PAGE })]);
  return { job, tasks };
}

export function show({ job, tasks }, place) {
  return [
    h("p", { class: "crumbs" }, h("a", { href: "#/jobs" }, "Jobs"), ` / ${job.id}`),
    h("div", { class: "head" }, h("h1", null, called(job)), badge(job.state)),
    h("div", { class: "actions" }, deeds(job, place)),
    progress(job.tasks),
    tally(job.tasks),
    facts(about(job)),
    h("section", { "aria-labelledby": "tasks" },
      h("div", { class: "head" }, h("h2", { id: "tasks" }, "Tasks"), states(job, place)),
      taskTable(job, tasks),
      pager(tasks, place)),
  ];
}

function deeds(job, place) {
  const path = `/v1/jobs/${job.id}`;
  const { refresh: after } = place;
  const simple = (text, word, done) => action(text, { done, deed: () => post(`${path}/${word}`), after });
  if (isOver(job.state)) {
    const again = job.tasks.failed + job.tasks.stopped;
    return [
      again > 0 && simple(`Retry ${many(again, "task")}`, "retry", "They wait again."),
      action("Forget", {
        kind: "danger", done: `Job ${job.id} is forgotten.`, deed: () => remove(path), after: () => (location.hash = "#/jobs"),
        ask: { title: `Forget job ${job.id}?`, text: "Its tasks, their attempts and their output are deleted. This cannot be undone.", yes: "Forget it" },
      }),
    ];
  }
  return [
    job.paused ? simple("Resume", "resume", "The job goes on.") : simple("Pause", "pause", "Nothing more of it begins for now."),
    job.open && simple("Close", "close", "No more tasks are appended."),
    job.state !== "stopping" && action("Cancel", {
      kind: "danger", done: `Job ${job.id} is being cancelled.`, deed: () => post(`${path}/cancel`), after,
      ask: { title: `Cancel job ${job.id}?`, text: "What runs of it is ended, and what waits is not run.", yes: "Cancel the job" },
    }),
  ];
}

function about(job) {
  const took = job.ended && job.started ? duration(job.ended - job.started) : undefined;
  return [
    ["Command", job.command && h("code", null, job.command)],
    ["Queue", h("a", { href: `#/jobs?queue=${encodeURIComponent(job.queue)}` }, job.queue)],
    ["Priority", job.priority !== 0 && job.priority],
    ["Handed in", moment(job.created)],
    ["Not before", job.due && !isOver(job.state) && moment(job.due)],
    ["Started", job.started && moment(job.started)],
    ["Ended", job.ended && moment(job.ended)],
    ["Took", took],
    ["Time limit", job.timeout && duration(job.timeout)],
    ["Attempts", job.attempts > 1 && `up to ${job.attempts}`],
    ["Back-off", job.backoff && `${duration(job.backoff.first)} to ${duration(job.backoff.most)}`],
    ["Cancelled, since", job.reason],
    ["Key", job.key && h("code", null, job.key)],
    ["After", job.after?.length > 0 && job.after.map((id) => h("a", { key: id, href: `#/jobs/${id}` }, `job ${id} `))],
    ["Schedule", job.schedule && h("a", { href: "#/schedules" }, job.schedule)],
  ];
}

function states(job, place) {
  const there = STATES.filter((state) => job.tasks[state] || state === place.query.state);
  const choice = (state, text) => {
    const current = (place.query.state ?? "") === state;
    return h("a", { key: text, href: place.address({ state, from: undefined }), "aria-current": current && "true" }, text);
  };
  return there.length > 1 && h("nav", { class: "choices", "aria-label": "Tasks in state" }, choice("", "all"), there.map((state) => choice(state, state)));
}

function taskTable(job, tasks) {
  if (tasks.length === 0) return h("p", { class: "empty" }, "No tasks here.");
  return h("table", null,
    h("caption", { class: "unseen" }, `Tasks of job ${job.id}`),
    h("thead", null, h("tr", null, h("th", { scope: "col", class: "number" }, "Task"), h("th", { scope: "col" }, "Words"), h("th", { scope: "col", class: "far" }, "State"))),
    h("tbody", null, tasks.map((task) => h("tr", { key: task.number },
      h("td", { class: "number" }, h("a", { href: `#/jobs/${job.id}/tasks/${task.number}`, "aria-label": `Task ${task.number}` }, task.number)),
      h("td", { class: "name" }, h("code", null, shown(task.words) || "–")),
      h("td", null, badge(task.state))))));
}

function pager(tasks, place) {
  const [first, last] = [tasks[0]?.number, tasks.at(-1)?.number];
  return h("nav", { class: "pager", "aria-label": "Pages of tasks" },
    place.query.from ? h("a", { class: "button", href: place.address({ from: place.query.state ? undefined : Math.max(1, first - PAGE) }) }, place.query.state ? "First" : "Before") : h("span"),
    tasks.length === PAGE && h("a", { class: "button", href: place.address({ from: last + 1 }) }, "Next"));
}
