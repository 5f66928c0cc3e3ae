// Jobs that are handed in by the clock.

import { get, post, remove } from "../api.js";
import { h } from "../dom.js";
import { action, badge } from "../parts.js";
import { attempt } from "../talk.js";
import { moment } from "../words.js";
import { field, submission } from "./submit.js";

export async function load() {
  const [schedules, queues] = await Promise.all([get("/v1/schedules"), get("/v1/queues")]);
  return { schedules, queues };
}

export function show({ schedules, queues }, place) {
  return [
    h("h1", null, "Schedules"),
    cards(schedules, place),
    form(queues, place),
  ];
}

function cards(schedules, place) {
  if (schedules.length === 0) return h("p", { class: "empty" }, "Nothing is scheduled.");
  return h("ul", { class: "cards" }, schedules.map((schedule) => card(schedule, place)));
}

function card({ name, cron, zone, next, last, last_job: lastJob, paused, queue, trouble }, place) {
  const path = `/v1/schedules/${encodeURIComponent(name)}`;
  const act = (text, word, done) => action(text, { kind: "small", label: `${text} ${name}`, done, deed: () => post(`${path}/${word}`), after: place.refresh });
  return h("li", { key: name, class: "card" },
    h("div", { class: "head" }, h("h2", null, name), paused && badge("held", "paused")),
    h("p", null, h("code", null, cron), zone && h("span", { class: "soft" }, ` ${zone}`), queue && h("span", { class: "soft" }, ` · ${queue}`)),
    h("p", { class: "soft" }, "Next ", paused ? "when it is resumed" : moment(next), " · last ", moment(last), lastJob && [" ", h("a", { href: `#/jobs/${lastJob}` }, `job ${lastJob}`)]),
    trouble && h("p", { class: "banner bad" }, trouble),
    h("div", { class: "actions" },
      act("Run now", "run", `${name} is handed in now.`),
      paused ? act("Resume", "resume", `${name} goes on.`) : act("Pause", "pause", `${name} is paused.`),
      action("Delete", {
        kind: "small danger", label: `Delete ${name}`, done: `${name} is deleted.`, deed: () => remove(path), after: place.refresh,
        ask: { title: `Delete schedule ${name}?`, text: "Nothing more is handed in by it. Jobs that were stay as they are.", yes: "Delete it" },
      })));
}

function form(queues, place) {
  return h("details", { class: "card" }, h("summary", null, "New schedule"),
    h("form", { class: "stack", onsubmit: (event) => handIn(event, place) },
      h("div", { class: "columns" },
        field("schedule", "Name of the schedule", { required: true }),
        field("cron", "When", { required: true, class: "mono", placeholder: "30 4 * * 1-5" }, "Minute, hour, day, month, day of the week"),
        field("zone", "Time zone", { placeholder: "UTC" }),
        h("p", { class: "field" }, h("label", { for: "overlap" }, "While the last one is not over"), h("select", { id: "overlap", name: "overlap" }, h("option", { value: "skip" }, "skip it"), h("option", { value: "queue" }, "queue it")))),
      field("command", "Command", { required: true, class: "mono" }),
      h("p", { class: "field" }, h("label", { for: "queue" }, "Queue"), h("select", { id: "queue", name: "queue" }, queues.map(({ name }) => h("option", { value: name }, name)))),
      h("div", { class: "actions" }, h("button", { class: "button primary" }, "Schedule it"))));
}

async function handIn(event, place) {
  event.preventDefault();
  const form = event.target;
  const { schedule, cron, zone, overlap, ...job } = Object.fromEntries(new FormData(form));
  const made = () => post("/v1/schedules", { name: schedule, cron, ...(zone && { zone }), overlap, job: submission(job) });
  if (await attempt(made, `${schedule} is scheduled.`)) {
    form.reset();
    await place.refresh();
  }
}
