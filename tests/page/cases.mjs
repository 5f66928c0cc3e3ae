// What holds for the page. Each case has a service of its own, with the queues `default` and `other`.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { setTimeout as passes } from "node:timers/promises";
import { PATIENCE, stranger, tab, view, violations } from "./browser.mjs";

function asked({ address, token }, path, options = {}) {
  return fetch(address + path, { ...options, headers: { authorization: `Bearer ${token}`, "content-type": "application/json" } });
}

async function submit(service, job) {
  const answer = await asked(service, "/v1/jobs", { method: "POST", body: JSON.stringify(job) });
  assert.equal(answer.status, 201, await answer.clone().text());
  return (await answer.json()).id;
}

async function get(service, path) {
  return (await asked(service, path)).json();
}

/** Waits until it holds. */
async function eventually(what, holds) {
  const end = Date.now() + PATIENCE;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `not in time: ${what}`);
    await passes(50);
  }
}

async function over(service, job) {
  await eventually(`job ${job} is over`, async () => ["succeeded", "failed", "stopped"].includes((await get(service, `/v1/jobs/${job}`)).state));
}

/** Jobs of each kind, all over but one. */
async function some(service) {
  const good = await submit(service, { name: "good", command: ["printf", "\\033[32mgreen\\033[0m\\n"] });
  const bad = await submit(service, { name: "bad", command: ["sh", "-c", "echo oops >&2; exit $1", "-"], tasks: [["3"], ["4"], ["0"]], attempts: 2 });
  const long = await submit(service, { name: "long", queue: "other", command: ["sleep", "600"] });
  await over(service, good);
  await over(service, bad);
  return { good, bad, long };
}

const views = ({ good, bad, long }) => ["/", "/jobs", `/jobs/${bad}`, `/jobs/${bad}/tasks/1?stream=stderr`, `/jobs/${good}/tasks/1`, `/jobs/${long}/tasks/1`, "/failures", "/schedules", "/new"];

/** The overview, a job and its tasks, found by following links. */
export async function shows(browser, service) {
  await some(service);
  const page = await tab(browser, service);
  await view(page, "/");
  await page.getByRole("link", { name: "bad" }).click();
  await page.getByRole("heading", { level: 1, name: "bad" }).waitFor();
  await page.getByText("2 failed").waitFor();
  assert.equal(await page.title(), "bad · Ganger");
  await page.getByRole("link", { name: "Task 1", exact: true }).click();
  await page.getByText("exit 3").first().waitFor();
  assert.equal(await page.getByText("exit 3").count(), 2, "both attempts");
  await page.getByRole("link", { name: "stderr" }).click();
  await page.getByRole("log").getByText("oops").waitFor();
  await page.goBack();
  await page.locator('[role=log][data-empty="It printed nothing."]').waitFor();
  await page.getByRole("link", { name: "Jobs", exact: true }).first().click();
  await page.getByRole("combobox", { name: "Queue" }).selectOption("other");
  await page.waitForURL(/queue=other/);
  assert.deepEqual(page.complaints, []);
}

/** What a task prints is there while it runs, and once. */
export async function follows(browser, service) {
  const place = process.cwd();
  const script = "printf '\\033[1;31mbegin\\033[0m\\n'; until [ -e go ]; do sleep 0.02; done; echo end";
  const job = await submit(service, { command: ["sh", "-c", script], directory: place });
  const page = await tab(browser, service);
  await view(page, `/jobs/${job}/tasks/1`);
  const log = page.getByRole("log");
  await log.getByText("begin").waitFor();
  assert.equal(await log.locator(".bold.fg-1").textContent(), "begin");
  await writeFile(`${place}/go`, "");
  await log.getByText("end").waitFor();
  await page.locator("main .badge", { hasText: "succeeded" }).first().waitFor();
  assert.equal(await log.textContent(), "begin\nend\n");
  assert.deepEqual(page.complaints, []);
}

/** A job is handed in and cancelled; what destroys asks first. */
export async function acts(browser, service) {
  const page = await tab(browser, service);
  await view(page, "/");
  await page.getByRole("link", { name: "New job" }).click();
  await page.getByLabel("Command").fill("sh -c 'echo \"$1\"; sleep 600' -");
  await page.getByLabel("Tasks").fill("'a b'\nc");
  await page.getByLabel("Name", { exact: true }).fill("by hand");
  await page.getByLabel("Queue").selectOption("other");
  await page.getByRole("button", { name: "Hand it in" }).click();
  await page.getByRole("heading", { level: 1, name: "by hand" }).waitFor();
  const id = Number(/jobs\/(\d+)/.exec(page.url())[1]);
  const tasks = await get(service, `/v1/jobs/${id}/tasks`);
  assert.deepEqual((Array.isArray(tasks) ? tasks : tasks.tasks).map(({ words }) => words), [["a b"], ["c"]]);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Keep as it is" }).click();
  assert.notEqual((await get(service, `/v1/jobs/${id}`)).state, "stopped");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel the job" }).click();
  await page.getByRole("status").getByText("being cancelled").waitFor();
  await page.locator("main .badge", { hasText: "stopped" }).first().waitFor();
  await page.getByRole("link", { name: "New job" }).click();
  await page.getByLabel("Command").fill("echo 'open");
  await page.getByRole("button", { name: "Hand it in" }).click();
  await page.getByRole("status").getByText("a quote is open").waitFor();
  assert.deepEqual(page.complaints, []);
}

/** All of it with the keyboard: what has the focus is seen, and keeps it while the page looks again. */
export async function keyboard(browser, service) {
  const { long } = await some(service);
  const page = await tab(browser, service);
  await view(page, "/");
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  const tabTo = async (text) => {
    for (let at = 0; at < 60 && (await focused()) !== text; at += 1) await page.keyboard.press("Tab");
    assert.equal(await focused(), text);
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, "none", `the focus on ${text} is seen`);
  };
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await tabTo("long");
  // It looks at the service meanwhile, and a newer job stands before this one.
  await submit(service, { name: "newer", command: ["true"] });
  await page.getByRole("link", { name: "newer" }).waitFor();
  assert.equal(await focused(), "long");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "long" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "main", "another view has the focus");
  await tabTo("Cancel");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  assert.equal(await focused(), "Keep as it is");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await focused(), "Cancel");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await over(service, long);
  assert.deepEqual(page.complaints, []);
}

/** No view is wider than a small phone. */
export async function narrow(browser, service) {
  const endless = "x".repeat(190);
  const job = await submit(service, { name: endless, command: ["sh", "-c", `echo ${endless}; exit 1`], tasks: [[endless]] });
  await over(service, job);
  const page = await tab(browser, service, { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true });
  for (const path of [...views(await some(service)), `/jobs/${job}`, `/jobs/${job}/tasks/1`]) {
    await view(page, path);
    const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= 360 && seen <= 360, `${path} is ${wide} wide, and shown ${seen} wide`);
  }
  assert.deepEqual(page.complaints, []);
}

/** axe finds nothing, wide or narrow, nor in a question. */
async function accessible(browser, service, colorScheme) {
  const jobs = await some(service);
  for (const width of [1280, 360]) {
    const page = await tab(browser, service, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true, reducedMotion: "reduce" });
    for (const path of views(jobs)) {
      await view(page, path);
      assert.deepEqual(await violations(page), [], `${path}, ${width} wide`);
    }
    await view(page, `/jobs/${jobs.long}`);
    await page.getByRole("button", { name: "Cancel" }).click();
    assert.deepEqual(await violations(page), [], "a question");
    await page.context().close();
  }
}

export function light(browser, service) {
  return accessible(browser, service, "light");
}

export function dark(browser, service) {
  return accessible(browser, service, "dark");
}

/** Names, words and output that are markup, or move a terminal's cursor, are text. */
export async function harmless(browser, service) {
  const markup = "<img src=x onerror=\"alert(1)\"><script>alert(2)</script>";
  const script = `printf '%s\\n\\033]0;title\\007\\033[31mred\\033[2J\\033[H\\n' '${markup}'; printf 'over\\rwritten\\na\\007b\\n'; exit 1`;
  const job = await submit(service, { name: markup, command: ["sh", "-c", script], tasks: [[markup]] });
  await over(service, job);
  const page = await tab(browser, service);
  for (const path of ["/", "/jobs", `/jobs/${job}`, "/failures", `/jobs/${job}/tasks/1`]) {
    await view(page, path);
    assert.equal(await page.locator("main img, main script").count(), 0, path);
  }
  const log = page.getByRole("log");
  await log.getByText("written").waitFor();
  assert.equal(await log.textContent(), `${markup}\nred\nwritten\na\u2407b\n`);
  assert.equal(await page.title().then((title) => title.includes(markup)), true);
  assert.deepEqual(page.complaints, []);
}

/** Who comes without a session gets one for the token, and another when it is over. */
export async function session(browser, service) {
  const page = await stranger(browser, service);
  const logIn = async () => {
    await page.waitForURL(/login/);
    assert.deepEqual(await violations(page), []);
    await page.getByLabel("Token").fill(service.token);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  };
  await page.goto("/");
  await logIn();
  await page.context().clearCookies();
  await logIn();
}

/** Nothing comes from elsewhere, and the header that forbids it holds. */
export async function closed(browser, service) {
  const page = await tab(browser, service);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  const [answer] = await Promise.all([page.waitForResponse(`${service.address}/`), view(page, "/")]);
  assert.match(answer.headers()["content-security-policy"], /^default-src 'self';/);
  assert.deepEqual(asked.filter((url) => !url.startsWith(service.address)), []);
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "globalThis.ran = true";
    document.body.append(script);
    return globalThis.ran === true;
  });
  assert.equal(ran, false, "no script of the document's own runs");
  assert.equal(page.complaints.length, 1, `the browser tells of it: ${page.complaints}`);
}

/** What an operator does: queues, schedules, what was given up; at last, the service. */
export async function operates(browser, service) {
  const page = await tab(browser, service);
  const said = (text) => page.getByRole("status").getByText(text).first().waitFor();
  await view(page, "/");
  await page.getByText("live", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Pause queue other" }).click();
  await page.getByRole("button", { name: "Resume queue other" }).waitFor();
  assert.equal((await get(service, "/v1/queues")).find(({ name }) => name === "other").paused, true);
  await page.getByRole("button", { name: "Resume queue other" }).click();
  await page.getByRole("button", { name: "Pause queue other" }).waitFor();

  await view(page, "/schedules");
  await page.getByText("New schedule").click();
  await page.getByLabel("Name of the schedule").fill("nightly <b>");
  await page.getByLabel("When").fill("30 4 * * *");
  await page.getByLabel("Time zone").fill("Europe/Berlin");
  await page.getByLabel("Command").fill("sh -c 'exit 7'");
  await page.getByRole("button", { name: "Schedule it" }).click();
  await page.getByRole("button", { name: "Run now nightly <b>" }).click();
  await page.getByRole("link", { name: "job 1" }).waitFor();
  await page.getByRole("button", { name: "Pause nightly <b>" }).click();
  await page.getByRole("button", { name: "Resume nightly <b>" }).waitFor();
  await page.getByRole("button", { name: "Delete nightly <b>" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete it" }).click();
  await page.getByText("Nothing is scheduled.").waitFor();

  await over(service, 1);
  await view(page, "/failures");
  await page.getByText("exit 7").first().waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Retry task 1 of job 1" }).click();
  await eventually("it was tried again", async () => (await get(service, "/v1/jobs/1/tasks/1")).attempts.length === 2);
  await over(service, 1);
  await view(page, "/jobs/1");
  await page.getByRole("button", { name: "Retry 1 task" }).click();
  await eventually("and again", async () => (await get(service, "/v1/jobs/1/tasks/1")).attempts.length === 3);
  await over(service, 1);
  await page.getByRole("button", { name: "Forget" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Forget it" }).click();
  await said("forgotten");
  await page.getByText("No jobs here.").waitFor();

  // Something runs, so that the end is seen.
  await submit(service, { command: ["sleep", "600"] });
  await view(page, "/");
  await page.getByRole("button", { name: "Drain" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Drain and end" }).click();
  await said("about to end");
  assert.deepEqual(page.complaints, []);
}
