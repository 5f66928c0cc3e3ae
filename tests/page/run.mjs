// node run.mjs CASE ADDRESS TOKEN: one case of the page's tests, before the service that listens there and knows the token.
// Ends with 1, and why, if it does not hold.

import { launch } from "./browser.mjs";
import * as cases from "./cases.mjs";

/** No case takes longer, however busy the machine is. */
const LONGEST = 240_000;
setTimeout(() => {
  console.error("it hung");
  process.exit(1);
}, LONGEST).unref();

const [name, address, token] = process.argv.slice(2);
const browser = await launch();
try {
  await cases[name](browser, { address, token });
} catch (error) {
  console.error(error.stack ?? error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
process.exit();
