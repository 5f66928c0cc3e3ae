// What the page says to its user, and asks: notes that are read out, and questions before something is lost.

import { h, render } from "./dom.js";

const said = document.getElementById("said");

/** A note that goes by itself; a trouble stays longer. */
export function say(text, kind = "good") {
  const note = document.createElement("p");
  note.className = `note ${kind}`;
  note.textContent = text;
  said.append(note);
  setTimeout(() => note.remove(), kind === "bad" ? 9000 : 4000);
}

/** Does something, and says how it went. Whether it did. */
export async function attempt(deed, done) {
  try {
    await deed();
    say(done);
    return true;
  } catch (error) {
    say(error.message, "bad");
    return false;
  }
}

/** Asks before it is done. The safe answer has the focus. */
export function confirmed({ title, text, yes }) {
  return dialog((answer) => [
    h("h2", { id: "asked" }, title),
    h("p", null, text),
    h("div", { class: "actions" },
      h("button", { type: "button", class: "button", autofocus: true, onclick: () => answer(false) }, "Keep as it is"),
      h("button", { type: "button", class: "button danger", onclick: () => answer(true) }, yes)),
  ]);
}

/** A modal question: what it is answered with, false when it is left. */
function dialog(content) {
  return new Promise((resolve) => {
    const box = document.createElement("dialog");
    box.setAttribute("aria-labelledby", "asked");
    let result = false;
    render(box, content((answer) => {
      result = answer;
      box.close();
    }));
    box.onclose = () => {
      box.remove();
      resolve(result);
    };
    document.body.append(box);
    box.showModal();
  });
}
