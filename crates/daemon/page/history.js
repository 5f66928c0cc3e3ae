// The last minutes of the service, as /metrics told them: kept in the page, not in the service.

import { get } from "./api.js";

const EVERY = 2000;
const KEPT = 300;

const samples = [];

/** [name, labels, value] of each sample. */
function parsed(text) {
  const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
  return text.split("\n").map((each) => line.exec(each)).filter(Boolean).map(([, name, labels, value]) => [name, labels ?? "", Number(value)]);
}

function sum(all, name, label = "") {
  return all.filter(([known, labels]) => known === name && labels.includes(label)).reduce((total, [, , value]) => total + value, 0);
}

/** Of a histogram, over all its labels: how many are at most so long. */
function buckets(all, name) {
  const found = new Map();
  for (const [known, labels, value] of all) {
    if (known !== `${name}_bucket`) continue;
    const most = Number(/le="([^"]+)"/.exec(labels)[1].replace("+Inf", "Infinity"));
    found.set(most, (found.get(most) ?? 0) + value);
  }
  return [...found].sort(([a], [b]) => a - b);
}

function sample(text) {
  const all = parsed(text);
  return {
    at: performance.now() / 1000,
    succeeded: sum(all, "ganger_tasks_total", 'state="succeeded"'),
    failed: sum(all, "ganger_tasks_total", 'state="failed"'),
    waiting: sum(all, "ganger_queue_waiting_tasks"),
    running: sum(all, "ganger_queue_running_tasks"),
    restarts: sum(all, "ganger_worker_starts_total") - sum(all, "ganger_queue_slots"),
    memory: sum(all, "ganger_workers_resident_memory_bytes") + sum(all, "process_resident_memory_bytes"),
    wall: buckets(all, "ganger_task_wall_seconds"),
    wait: buckets(all, "ganger_queue_wait_seconds"),
    commit: buckets(all, "ganger_store_commit_seconds"),
  };
}

async function look() {
  const text = await get("/metrics").catch(() => undefined);
  if (typeof text !== "string") return;
  samples.push(sample(text));
  if (samples.length > KEPT) samples.shift();
}

/** Looks from now on. */
export function begin() {
  look();
  setInterval(() => document.visibilityState === "visible" && look(), EVERY);
}

export function latest() {
  return samples.at(-1);
}

export function level(name) {
  return samples.map((each) => ({ at: each.at, value: each[name] }));
}

/** How many a second, in the ten seconds before each sample; a service that was started anew counts from nothing. */
export function speed(name) {
  return samples.slice(1).map((after, i) => {
    const before = samples[Math.max(0, i - 4)];
    return { at: after.at, value: Math.max(0, after[name] - before[name]) / (after.at - before.at) };
  });
}

/** Below how many seconds this share stayed in the half minute before each sample; undefined: there was nothing. */
export function quantiles(name, share) {
  return samples.slice(1).map(({ at, [name]: after }, i) => ({ at, value: quantile(samples[Math.max(0, i - 14)][name], after, share) }));
}

function quantile(earlier, after, share) {
  const before = new Map(earlier);
  const grown = after.map(([most, number]) => [most, number - (before.get(most) ?? 0)]);
  const total = grown.at(-1)?.[1] ?? 0;
  return total > 0 ? grown.find(([, number]) => number >= total * share)?.[0] : undefined;
}
