// How the service is, at a glance: what it does a second, its queues, the newest jobs.

import { get, post } from "../api.js";
import { h } from "../dom.js";
import * as history from "../history.js";
import { action, badge, facts, jobTable } from "../parts.js";
import { plot } from "../plot.js";
import { bytes, count, duration, many, rate } from "../words.js";

/** What an acknowledgement does. */
const SURVIVES = { off: "nothing", process: "a kill of the service", full: "a loss of power" };

export async function load() {
  const [queues, jobs, service, ready] = await Promise.all([
    get("/v1/queues"),
    get("/v1/jobs", { limit: 8 }),
    get("/v1/service"),
    get("/readyz").then(() => undefined, (error) => error.message),
  ]);
  return { queues, jobs, service, trouble: ready };
}

export function show({ queues, jobs, service, trouble }, place) {
  return [
    h("div", { class: "head" }, h("h1", null, "Overview"), standing(service, trouble)),
    trouble && h("p", { class: "banner bad", role: "alert" }, trouble),
    plots(),
    h("section", { "aria-labelledby": "queues" },
      h("h2", { id: "queues" }, "Queues"),
      h("ul", { class: "cards" }, queues.map((queue) => queueCard(queue, place)))),
    h("section", { "aria-labelledby": "newest" },
      h("div", { class: "head" }, h("h2", { id: "newest" }, "Newest jobs"), h("a", { href: "#/jobs" }, "All jobs")),
      jobs.length === 0 ? welcome() : jobTable(jobs, "The newest jobs")),
    about(service, place),
  ];
}

function standing(service, trouble) {
  if (service.stage === "open") return badge(trouble ? "failed" : "ready", trouble ? "not ready" : "ready");
  return badge(service.stage);
}

function plots() {
  const now = history.latest();
  const [succeeded, failed] = [history.speed("succeeded"), history.speed("failed")];
  const last = (points) => points.at(-1)?.value ?? 0;
  return h("div", { class: "plots" },
    plot({
      title: "Done", now: `${rate(last(succeeded) + last(failed))} /s`,
      detail: `${rate(last(failed))} /s failed`,
      layers: [["failed", failed], ["succeeded", succeeded]], say: (most) => `${rate(most)} /s`,
    }),
    plot({
      title: "Waiting", now: count(now?.waiting), detail: `${count(now?.running)} running`,
      layers: [["waiting", history.level("waiting")]], say: (most) => many(most, "task"),
    }),
    times("Tasks take", "wall", "running"),
    times("Commits take", "commit", "stopped"));
}

/** How long something took, of which most was faster. A moment without any has the time of the one before. */
function times(title, name, tone) {
  const [half, most] = [history.quantiles(name, 0.5), history.quantiles(name, 0.95)];
  const said = (points) => `≤ ${duration(points.at(-1)?.value)}`.replace("≤ –", "–");
  let before = 0;
  const drawn = most.map(({ at, value }) => ({ at, value: (before = value ?? before) }));
  return plot({ title, now: said(half), detail: `95 %: ${said(most)}`, layers: [[tone, drawn]], say: duration });
}

function queueCard(queue, place) {
  const path = `/v1/queues/${encodeURIComponent(queue.name)}`;
  const [deed, past] = queue.paused ? ["resume", "goes on"] : ["pause", "is paused: what runs may finish"];
  return h("li", { key: queue.name, class: "card" },
    h("div", { class: "head" },
      h("h3", null, h("a", { href: `#/jobs?queue=${encodeURIComponent(queue.name)}` }, queue.name)),
      queue.paused && badge("held", "paused"),
      action(queue.paused ? "Resume" : "Pause", {
        kind: "small", label: `${queue.paused ? "Resume" : "Pause"} queue ${queue.name}`,
        done: `Queue ${queue.name} ${past}.`, deed: () => post(`${path}/${deed}`), after: place.refresh,
      })),
    slots(queue),
    h("p", { class: "figures" },
      h("span", null, h("strong", null, count(queue.waiting)), " waiting"),
      ["delayed", "blocked", "held"].filter((state) => queue[state] > 0)
        .map((state) => h("span", { key: state }, h("strong", null, count(queue[state])), ` ${state}`)),
      h("span", null, h("strong", null, `${count(queue.running)} / ${count(queue.slots)}`), " running")));
}

/** A bar for each slot, as long as they can be told apart. */
function slots({ running, slots: total }) {
  const shown = Math.min(total, 48);
  const busy = Math.ceil((running * shown) / Math.max(total, 1));
  const [pitch, gap] = [100 / shown, Math.min(1.2, 40 / shown)];
  return h("svg", { class: "slots", viewBox: "0 0 100 6", preserveAspectRatio: "none", role: "img", "aria-label": `${running} of ${many(total, "slot")} busy` },
    Array.from({ length: shown }, (_, at) => h("rect", { class: at < busy ? "running" : "rest", x: (at * pitch).toFixed(2), width: (pitch - (at + 1 < shown ? gap : 0)).toFixed(2), height: 6 })));
}

function welcome() {
  return h("div", { class: "empty" },
    h("p", null, "Nothing has been handed in yet."),
    h("p", null, h("a", { href: "#/new" }, "Hand a job in here"), ", or with ", h("code", null, "ganger submit"), "."));
}

function about(service, place) {
  const now = history.latest();
  return h("section", { "aria-labelledby": "service" },
    h("h2", { id: "service" }, "Service"),
    facts([
      ["Version", service.version],
      ["Process", service.pid],
      ["Up for", duration(service.uptime)],
      ["Survives", SURVIVES[service.durability]],
      ["Memory", now && bytes(now.memory)],
      ["Workers replaced", now && count(Math.max(0, now.restarts))],
    ]),
    h("div", { class: "actions" }, action("Drain", {
      kind: "danger", done: "The service is about to end.", deed: () => post("/v1/drain"), after: place.refresh,
      ask: {
        title: "End the service?", yes: "Drain and end",
        text: "Nothing more is accepted and nothing more begins. What runs may finish; what waits is run by the next service.",
      },
    })));
}
