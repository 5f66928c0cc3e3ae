// A job is handed in: words as a shell has them, made into the service's JSON.

import { get, post } from "../api.js";
import { h } from "../dom.js";
import { attempt } from "../talk.js";
import { split } from "../words.js";

/** Nothing in it changes by itself, and what is typed must stay. */
export const still = true;

export async function load() {
  return get("/v1/queues");
}

export function show(queues) {
  return [
    h("h1", null, "New job"),
    h("form", { class: "stack card narrow", onsubmit: handIn },
      field("command", "Command", { required: true, class: "mono", placeholder: "gzip -k", autocapitalize: "off", spellcheck: false }, "A program with its arguments. Quotes group words; there is no shell, so say sh -c '…' for one."),
      lines("tasks", "Tasks", "One a line: the words that are added to the command. None: the command is run once."),
      h("div", { class: "columns" },
        field("name", "Name", {}),
        h("p", { class: "field" }, h("label", { for: "queue" }, "Queue"), h("select", { id: "queue", name: "queue" }, queues.map(({ name }) => h("option", { value: name }, name)))),
        number("priority", "Priority", { step: 1, placeholder: "0" }),
        number("attempts", "Attempts", { min: 1, step: 1, placeholder: "1" }),
        number("timeout", "Time limit, s", { min: 0, step: "any", placeholder: "none" }),
        number("delay", "Not before, in s", { min: 0, step: "any", placeholder: "at once" })),
      h("details", null, h("summary", null, "More"),
        h("div", { class: "stack" },
          field("directory", "Directory", { class: "mono", placeholder: "where the service runs" }),
          lines("environment", "Environment", "NAME=value, one a line."),
          field("key", "Unique key", { class: "mono" }, "A job with the same key that is not over is the answer instead."))),
      h("div", { class: "actions" }, h("button", { class: "button primary" }, "Hand it in"), h("a", { class: "button", href: "#/jobs" }, "Leave it"))),
  ];
}

export function field(name, label, more, hint) {
  return h("p", { key: name, class: "field" },
    h("label", { for: name }, label),
    h("input", { id: name, name, autocomplete: "off", "aria-describedby": hint && `${name}-hint`, ...more }),
    hint && h("span", { id: `${name}-hint`, class: "soft" }, hint));
}

function number(name, label, more) {
  return field(name, label, { type: "number", inputmode: "decimal", ...more });
}

function lines(name, label, hint) {
  return h("p", { key: name, class: "field" },
    h("label", { for: name }, label),
    h("textarea", { id: name, name, rows: 4, class: "mono", spellcheck: "false", "aria-describedby": `${name}-hint` }),
    h("span", { id: `${name}-hint`, class: "soft" }, hint));
}

async function handIn(event) {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(event.target));
  let made;
  const deed = async () => (made = await post("/v1/jobs", submission(fields)));
  if (await attempt(deed, "It is accepted.")) location.hash = `#/jobs/${made.id}`;
}

/** What was typed, as the service wants it; a field that is empty is not said. */
export function submission(fields) {
  const filled = (text) => (text ?? "").split("\n").filter((line) => line.trim() !== "");
  const given = { queue: fields.queue, command: words(fields.command, "the command") };
  const tasks = filled(fields.tasks).map((line) => words(line, `task ${line}`));
  if (tasks.length > 0) given.tasks = tasks;
  for (const name of ["name", "directory", "key"]) if (fields[name]) given[name] = fields[name];
  for (const name of ["priority", "attempts", "timeout", "delay"]) if (fields[name]) given[name] = Number(fields[name]);
  const variables = filled(fields.environment).map((line) => line.split(/=(.*)/s).slice(0, 2));
  if (variables.length > 0) given.environment = Object.fromEntries(variables);
  return given;
}

function words(line, what) {
  const found = split(line ?? "");
  if (found === null) throw new Error(`a quote is open in ${what}: close it`);
  return found;
}
