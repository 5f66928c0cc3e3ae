// node run.mjs CASE SOCKET: one case of the page's tests, before the service that listens at the socket. Ends with 1, and
// why, if it does not hold.

import { launch, proxy } from "./browser.mjs";
import * as cases from "./cases.mjs";

/** No case takes longer, however busy the machine is. */
const LONGEST = 240_000;
setTimeout(() => {
  console.error("it hung");
  process.exit(1);
}, LONGEST).unref();

const [name, socket] = process.argv.slice(2);
const service = await proxy(socket);
const browser = await launch();
try {
  await cases[name](browser, service.address);
} catch (error) {
  console.error(error.stack ?? error);
  process.exitCode = 1;
} finally {
  await browser.close();
  service.close();
}
process.exit();
