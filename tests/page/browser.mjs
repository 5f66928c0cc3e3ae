// A real Chromium before a real service, which it comes to by a port, with a session for a token.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

/** Nothing but what the page does: no sandbox, as CI runs as root; nobody is called at home. */
const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];
/** What is waited for in a case comes long before, or not at all. */
export const PATIENCE = 60_000;

export function launch() {
  const executablePath = process.env.GANGER_CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, headless: true, args: ARGUMENTS });
}

/** A tab with a session. What the page complains of is in `complaints`. */
export async function tab(browser, service, options = {}) {
  const page = await stranger(browser, service, options);
  const answer = await page.request.post("/login", { form: { token: service.token } });
  assert.ok(answer.ok(), `the token is known: ${answer.status()}`);
  return page;
}

/** A tab without one. */
export async function stranger(browser, service, options = {}) {
  const context = await browser.newContext({ baseURL: service.address, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("dialog", (dialog) => {
    page.complaints.push(`a script said ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("console", (message) => {
    // What the service refuses is shown, and that it has ended as well.
    const refused = /status of (404|409|416|503)|net::ERR_(CONNECTION|EMPTY|INCOMPLETE)/.test(message.text());
    if (message.type() === "error" && !refused) page.complaints.push(message.text());
  });
  return page;
}

/** Shows a view, and waits until it has drawn itself. */
export async function view(page, path) {
  await page.goto(`/#${path}`);
  await page.locator("main h1").waitFor();
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong, a line each. */
export async function violations(page) {
  await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() => globalThis.axe.run());
  return found.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`));
}
