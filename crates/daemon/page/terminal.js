// What programs print, as text. Colours are shown, all else that moves a cursor or names a window is left out, and a carriage
// return begins its line anew, as progress bars have it. Everything becomes text nodes: output can be no markup.

const MOST_LINES = 5000;
/** An escape sequence, complete: CSI, OSC (and its kind) with its end, or two characters. */
const ESCAPE = /^\x1b(?:\[([0-?]*)[ -/]*([@-~])|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])/;
/** A beginning of one, of which the rest is still to come. */
const UNFINISHED = /^\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]{0,4096}\x1b?|[ -/]*)$/;

export class Terminal {
  constructor(element) {
    this.element = element;
    this.rest = "";
    this.clear();
  }

  clear() {
    this.element.replaceChildren();
    this.style = new Set();
    this.line = this.newLine();
    this.left = 0;
  }

  /** Shows more of it, and keeps the end in sight if it was. */
  write(text) {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    const atEnd = scrollTop + clientHeight >= scrollHeight - 4;
    const rest = this.consume(this.rest + text);
    this.rest = rest;
    if (atEnd) this.element.scrollTop = this.element.scrollHeight;
  }

  get isEmpty() {
    return this.element.childNodes.length === 1 && !this.line.hasChildNodes();
  }

  consume(text) {
    let at = 0;
    while (at < text.length) {
      const plain = /[^\x1b\r\n]*/y;
      plain.lastIndex = at;
      const run = plain.exec(text)[0];
      if (run) this.print(run);
      at += run.length;
      if (at === text.length) break;
      const taken = this.control(text, at);
      if (!taken) return text.slice(at);
      at += taken;
    }
    return "";
  }

  /** How much of the text a control at a place takes; 0: its end is not there yet. */
  control(text, at) {
    if (text[at] === "\n") return this.feed();
    if (text[at] === "\r") return this.carriageReturn(text, at);
    const rest = text.slice(at, at + 5000);
    const escape = ESCAPE.exec(rest);
    if (escape?.[2] === "m") this.colour(escape[1]);
    if (escape) return escape[0].length;
    return UNFINISHED.test(rest) ? 0 : 1;
  }

  feed() {
    this.line.append("\n");
    this.line = this.newLine();
    return 1;
  }

  carriageReturn(text, at) {
    if (at + 1 === text.length) return 0;
    if (text[at + 1] !== "\n" && text[at + 1] !== "\r") this.line.replaceChildren();
    return 1;
  }

  newLine() {
    const line = document.createElement("span");
    this.element.append(line);
    if (this.element.childNodes.length > MOST_LINES) {
      this.element.firstChild.remove();
      this.left += 1;
    }
    return line;
  }

  print(text) {
    const visible = text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (c) => String.fromCharCode(c === "\x7f" ? 0x2421 : 0x2400 + c.charCodeAt(0)));
    if (this.style.size === 0) return this.line.append(visible);
    const span = document.createElement("span");
    span.className = [...this.style].join(" ");
    span.textContent = visible;
    this.line.append(span);
  }

  /** Select graphic rendition: sixteen colours and a few styles; of more colours, the numbers are skipped. */
  colour(parameters) {
    const codes = parameters.split(/[;:]/).map(Number);
    for (let i = 0; i < codes.length; i += 1) {
      const code = codes[i];
      if (code === 38 || code === 48) i += codes[i + 1] === 5 ? 2 : 4;
      else this.rendition(code);
    }
  }

  rendition(code) {
    const drop = (start) => this.style.forEach((name) => name.startsWith(start) && this.style.delete(name));
    const styles = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse" };
    if (code === 0) this.style.clear();
    else if (styles[code]) this.style.add(styles[code]);
    else if (code === 22) ["bold", "dim"].forEach(drop);
    else if (code >= 23 && code <= 27) drop({ 23: "italic", 24: "underline", 27: "inverse" }[code] ?? "none");
    else if ((code >= 30 && code <= 39) || (code >= 90 && code <= 97)) {
      drop("fg-");
      if (code !== 39) this.style.add(`fg-${code % 10}`);
    }
  }
}
