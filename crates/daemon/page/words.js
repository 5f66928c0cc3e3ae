// Times, durations and sizes, as people say them.

import { h } from "./dom.js";

/** 0.012 → "12 ms", 3725 → "1 h 2 min". */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "–";
  if (seconds < 0.001) return seconds === 0 ? "0 s" : `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${trim(seconds * 1000)} ms`;
  if (seconds < 60) return `${trim(seconds)} s`;
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const at = parts.findIndex(([size]) => seconds >= size);
  const [[size, unit], next] = [parts[at], parts[at + 1]];
  const rest = next ? Math.floor((seconds % size) / next[0]) : 0;
  return `${Math.floor(seconds / size)} ${unit}${rest ? ` ${rest} ${next[1]}` : ""}`;
}

/** Three digits are enough. */
function trim(number) {
  return String(number >= 100 ? Math.round(number) : Number(number.toPrecision(3)));
}

export function bytes(size) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = size > 0 ? Math.min(Math.floor(Math.log2(size) / 10), units.length - 1) : 0;
  return `${trim(size / 1024 ** power)} ${units[power]}`;
}

export function count(number) {
  return Number(number ?? 0).toLocaleString("en");
}

/** 7.25 → "7.3", for a rate. */
export function rate(number) {
  return number >= 100 ? count(Math.round(number)) : String(Number(number.toFixed(number < 10 ? 2 : 1)));
}

export function many(number, one, more = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : more}`;
}

/** A moment as it is away from now; when exactly is in its title. */
export function moment(seconds) {
  if (!seconds) return "–";
  const date = new Date(seconds * 1000);
  const away = Date.now() / 1000 - seconds;
  const near = Math.abs(away) < 5 ? "now" : away > 0 ? `${coarse(away)} ago` : `in ${coarse(-away)}`;
  return h("time", { datetime: date.toISOString(), title: date.toLocaleString() }, near);
}

function coarse(seconds) {
  return duration(seconds < 60 ? Math.round(seconds) : seconds).split(/(?<=[a-z]) /)[0];
}

/** Words as a shell would read them again. */
export function shown(words) {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

/** A line as a shell takes it apart: quotes and backslashes, nothing else. Null: a quote is open. */
export function split(line) {
  const words = [];
  const piece = /\s*((?:[^\s'"\\]|\\[^]|'[^']*'|"(?:[^"\\]|\\[^])*")+)/y;
  while (piece.lastIndex < line.trimEnd().length) {
    const found = piece.exec(line);
    if (!found) return null;
    words.push(unquoted(found[1]));
  }
  return words;
}

function unquoted(word) {
  return word.replace(/\\([^])|'([^']*)'|"((?:[^"\\]|\\[^])*)"/g, (_, escaped, single, double) =>
    escaped ?? single ?? double.replace(/\\(["\\$`])/g, "$1"));
}
