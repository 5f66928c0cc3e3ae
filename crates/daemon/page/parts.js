// Pieces that several views have.

import { h } from "./dom.js";
import { attempt, confirmed } from "./talk.js";
import { count, many, moment } from "./words.js";

const OVER = ["succeeded", "failed", "stopped"];

export function isOver(state) {
  return OVER.includes(state);
}

export function badge(state, text = state) {
  return h("span", { class: `badge ${state}` }, text);
}

/** How far a job is, in the order of what is done. */
export function progress(tasks) {
  const parts = ["succeeded", "failed", "stopped", "running"].filter((state) => tasks[state]);
  const label = parts.map((state) => `${count(tasks[state])} ${state}`).concat(`${count(tasks.total)} in all`).join(", ");
  let from = 0;
  return h("svg", { class: "progress", viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img", "aria-label": label },
    h("rect", { class: "rest", width: 100, height: 6 }),
    parts.map((state) => {
      const [x, width] = [from, (100 * tasks[state]) / tasks.total];
      from += width;
      return h("rect", { key: state, class: state, x: x.toFixed(2), width: width.toFixed(2), height: 6 });
    }));
}

export function doneOf(tasks) {
  return `${count(tasks.total - tasks.waiting - tasks.running - tasks.delayed)} / ${count(tasks.total)}`;
}

/** What a job is called; without a name, what it runs. */
export function called(job) {
  return job.name || job.command;
}

export function jobTable(jobs, caption) {
  if (jobs.length === 0) return h("p", { class: "empty" }, "No jobs here.");
  return h("table", null,
    h("caption", { class: "unseen" }, caption),
    h("thead", null, h("tr", null,
      h("th", { scope: "col", class: "number" }, "Job"), h("th", { scope: "col" }, "Name"), h("th", { scope: "col" }, "State"),
      h("th", { scope: "col" }, "Tasks"), h("th", { scope: "col", class: "wide" }, "Queue"), h("th", { scope: "col", class: "wide when" }, "Handed in"))),
    h("tbody", null, jobs.map(jobRow)));
}

function jobRow(job) {
  return h("tr", { key: job.id },
    h("td", { class: "number soft" }, job.id),
    h("td", { class: "name" }, h("a", { href: `#/jobs/${job.id}` }, called(job)), job.command && job.command !== called(job) && h("code", { class: "under wide" }, job.command)),
    h("td", null, badge(job.state)),
    h("td", { class: "far" }, progress(job.tasks), h("span", { class: "soft" }, doneOf(job.tasks))),
    h("td", { class: "wide" }, h("a", { href: `#/jobs?queue=${encodeURIComponent(job.queue)}`, class: "quiet" }, job.queue)),
    h("td", { class: "wide soft when" }, moment(job.created)));
}

/** Something that can be done. `ask`: it is asked about first. */
export function action(text, { kind = "", label, done, deed, ask, after }) {
  const onclick = async (event) => {
    const button = event.currentTarget;
    if (ask && !(await confirmed(ask))) return;
    button.disabled = true;
    if (await attempt(deed, done)) await after?.();
    button.disabled = false;
  };
  return h("button", { key: text, type: "button", class: `button ${kind}`, "aria-label": label, onclick }, text);
}

export function facts(pairs) {
  const there = pairs.filter(([, value]) => value !== undefined && value !== null && value !== false && value !== "");
  return h("dl", { class: "facts" }, there.map(([name, value]) => h("div", { key: name, class: ["Command", "Its words"].includes(name) && "whole" }, h("dt", null, name), h("dd", null, value))));
}

export function tally(tasks) {
  const states = ["waiting", "delayed", "running", "succeeded", "failed", "stopped"].filter((state) => tasks[state]);
  return h("ul", { class: "tally", "aria-label": many(tasks.total, "task") }, states.map((state) =>
    h("li", { key: state }, h("span", { class: `dot ${state}` }), `${count(tasks[state])} ${state}`)));
}
