// Jobs, the newest first, page by page.

import { get } from "../api.js";
import { h } from "../dom.js";
import { jobTable } from "../parts.js";

const PAGE = 50;
const STATES = ["waiting", "delayed", "held", "blocked", "open", "running", "stopping", "succeeded", "failed", "stopped"];

export async function load({ query }) {
  const { queue, state, name, before } = query;
  const [jobs, queues] = await Promise.all([get("/v1/jobs", { queue, state, name, before, limit: PAGE }), get("/v1/queues")]);
  return { jobs, queues };
}

export function show({ jobs, queues }, place) {
  const { query } = place;
  const oldest = jobs.at(-1)?.id;
  return [
    h("h1", null, "Jobs"),
    filters(queues, place),
    jobTable(jobs, "Jobs, the newest first"),
    h("nav", { class: "pager", "aria-label": "Pages of jobs" },
      query.before ? h("a", { class: "button", href: place.address({ before: undefined }) }, "Newest") : h("span"),
      jobs.length === PAGE && h("a", { class: "button", href: place.address({ before: oldest }) }, "Older")),
  ];
}

function filters(queues, place) {
  const { query } = place;
  const choose = (event) => {
    const form = event.target.form ?? event.target;
    const { queue, state, name } = Object.fromEntries(new FormData(form));
    location.hash = place.address({ queue, state, name, before: undefined });
  };
  const submit = (event) => {
    event.preventDefault();
    choose(event);
  };
  const option = (value, text = value) => h("option", { value }, text);
  return h("form", { class: "filters", role: "search", "aria-label": "Filter jobs", onsubmit: submit },
    h("label", null, "Queue", h("select", { name: "queue", value: query.queue ?? "", onchange: choose }, option("", "any"), queues.map(({ name }) => option(name)))),
    h("label", null, "State", h("select", { name: "state", value: query.state ?? "", onchange: choose }, option("", "any"), STATES.map((state) => option(state)))),
    h("label", null, "Name", h("input", { name: "name", type: "search", value: query.name ?? "", placeholder: "as it is called" })),
    h("button", { class: "button" }, "Filter"));
}
