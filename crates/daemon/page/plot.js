// Small plots: an area over the last minutes, of one or two series that stand on each other.

import { h } from "./dom.js";
import { duration } from "./words.js";

const [WIDTH, HEIGHT] = [300, 72];
/** A plot begins so many seconds wide, and grows with what is known. */
const NARROWEST = 60;

/** `layers`: [class, points] each, the lowest first; points are {at, value}, with equal moments in all layers. */
export function plot({ title, now, detail, layers, say }) {
  const label = `${title}: ${now}, ${detail}`;
  return h("figure", { class: "plot" },
    h("figcaption", null, h("span", { class: "plot-title" }, title), h("strong", null, now), h("span", { class: "plot-detail" }, detail)),
    h("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, areas(layers)),
    h("div", { class: "axis", "aria-hidden": "true" }, h("span", null, `${duration(Math.round(extent(layers).span))} ago`), h("span", null, say(most(layers)))));
}

function stacked(layers) {
  let below = [];
  return layers.map(([name, points]) => {
    const tops = points.map(({ at, value }, i) => ({ at, low: below[i]?.high ?? 0, high: (below[i]?.high ?? 0) + value }));
    below = tops;
    return [name, tops];
  });
}

function most(layers) {
  return Math.max(0, ...stacked(layers).flatMap(([, tops]) => tops.map(({ high }) => high)));
}

/** All layers have the same moments. */
function extent([[, points]]) {
  const [first, last] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0];
  return { last, span: Math.max(NARROWEST, last - first) };
}

function areas(layers) {
  const top = most(layers) || 1;
  const { last, span } = extent(layers);
  const x = (at) => (WIDTH * (1 - (last - at) / span)).toFixed(1);
  const y = (value) => (HEIGHT - 2 - (HEIGHT - 6) * (value / top)).toFixed(1);
  return [
    h("path", { class: "grid", d: `M0 ${y(0)}H${WIDTH}M0 ${y(top / 2)}H${WIDTH}M0 ${y(top)}H${WIDTH}` }),
    stacked(layers).filter(([, tops]) => tops.length > 1).flatMap(([name, tops]) => {
      const along = tops.map(({ at, high }) => `${x(at)} ${y(high)}`).join("L");
      const back = tops.toReversed().map(({ at, low }) => `${x(at)} ${y(low)}`).join("L");
      return [h("path", { class: `area ${name}`, d: `M${along}L${back}Z` }), h("path", { class: `edge ${name}`, d: `M${along}` })];
    }),
  ];
}
