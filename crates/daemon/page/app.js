// The page: an address behind the # is a view, each view is looked at again and again, and drawn where it has changed.
//
//   address ──► view.load: asks the service ──► view.show: what should be there ──► render: what differs
//                  ▲      every two seconds, and when the service tells of a change      │
//                  └─────────────────────────────────────────────────────────────────────┘

import { events } from "./api.js";
import { h, render } from "./dom.js";
import * as history from "./history.js";
import * as failures from "./views/failures.js";
import * as job from "./views/job.js";
import * as jobs from "./views/jobs.js";
import * as overview from "./views/overview.js";
import * as schedules from "./views/schedules.js";
import * as submit from "./views/submit.js";
import * as task from "./views/task.js";

const VIEWS = [
  [/^\/$/, overview],
  [/^\/jobs$/, jobs],
  [/^\/jobs\/(\d+)$/, job],
  [/^\/jobs\/(\d+)\/tasks\/(\d+)$/, task],
  [/^\/failures$/, failures],
  [/^\/schedules$/, schedules],
  [/^\/new$/, submit],
];
const EVERY = 2000;
/** However much happens, the service is not asked more often. */
const PAUSE = 400;

const main = document.getElementById("main");
const link = document.getElementById("link");
let shown;

/** What a view knows of where it is. */
class Place {
  constructor(view, path, parameters, query) {
    Object.assign(this, { view, path, parameters, query, left: new AbortController() });
  }

  /** Looks again, at once. */
  refresh = () => look(this);

  /** Another address of the same view: what was left out stays. */
  address(changes) {
    const kept = Object.entries({ ...this.query, ...changes }).filter(([, value]) => value);
    return `#${this.path}${kept.length ? `?${new URLSearchParams(kept)}` : ""}`;
  }
}

function placeOf(hash) {
  const [path, query] = (hash.slice(1) || "/").split("?");
  for (const [pattern, view] of VIEWS) {
    const found = pattern.exec(path);
    if (found) return new Place(view, path, found.slice(1), Object.fromEntries(new URLSearchParams(query)));
  }
  return new Place(overview, "/", [], {});
}

async function look(place) {
  try {
    const data = await place.view.load(place);
    if (place !== shown) return;
    tellLink(true);
    draw(place, place.view.show(data, place));
  } catch (error) {
    if (place === shown) failed(place, error);
  }
}

/** The first drawing of a view moves the focus to it, as another page would. */
function draw(place, content) {
  const first = !place.drawn;
  place.drawn = true;
  render(main, h("div", { key: place.path, class: "view" }, content));
  if (!first) return;
  const title = main.querySelector("h1")?.textContent;
  document.title = title ? `${title} · Ganger` : "Ganger";
  if (place.byUser) main.focus({ preventScroll: true });
}

function failed(place, error) {
  const cut = error instanceof TypeError;
  if (cut) tellLink(false);
  // What was seen last is better than nothing.
  if (!cut || !place.drawn) draw(place, [h("h1", null, cut ? "The service does not answer" : "This cannot be shown"), h("p", { class: "empty" }, error.message)]);
}

let streaming = false;
let stream = new AbortController();

function tellLink(answers) {
  const word = answers ? (streaming ? "live" : "connected") : "not connected";
  if (link.textContent !== word) link.textContent = word;
  link.className = `link ${answers ? "up" : "down"}`;
}

function go(byUser) {
  shown?.left.abort();
  shown = Object.assign(placeOf(location.hash), { byUser });
  for (const anchor of document.querySelectorAll("#nav a")) {
    const inside = anchor.hash === "#/" ? shown.path === "/" : shown.path.startsWith(anchor.hash.slice(1));
    if (inside) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  window.scrollTo(0, 0);
  look(shown);
}

let due;

function lookSoon() {
  if (document.visibilityState !== "visible" || shown.view.still) return;
  due ??= setTimeout(() => look(shown).finally(() => (due = undefined)), PAUSE);
}

/** Without such a stream, the page looks by the clock alone. */
async function follow() {
  stream.abort();
  const { signal } = (stream = new AbortController());
  const told = () => {
    streaming = true;
    lookSoon();
  };
  await events("/v1/events", signal, told).catch(() => undefined);
  if (signal.aborted) return;
  streaming = false;
  setTimeout(() => signal.aborted || follow(), EVERY);
}

/** A browser has few connections to a service for all of its tabs: one that nobody sees needs none. */
function onSeen() {
  if (document.visibilityState !== "visible") return stream.abort();
  follow();
  lookSoon();
}

addEventListener("hashchange", () => go(true));
document.addEventListener("visibilitychange", onSeen);
document.querySelector(".skip").onclick = (event) => {
  // The address is the view's.
  event.preventDefault();
  main.focus();
};
setInterval(lookSoon, EVERY);
history.begin();
follow();
go(false);
