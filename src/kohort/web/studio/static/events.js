// Events as they come: newest on top, at most 200, paused and filtered at will; and what would become of one.
import { fragment } from "/static/fragment.js";

const MOST = 200;
const SAY_EVERY = 5000;

function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
}

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

class Stream {
  constructor(root) {
    this.root = root;
    this.rows = part(root, "rows");
    this.pattern = document.getElementById("row").content.firstElementChild;
    this.pause = part(root, "pause");
    this.filters = part(root, "filters");
    this.waiting = [];
    this.counted = {};
    this.pause.hidden = this.filters.hidden = false;
    this.pause.addEventListener("click", () => this.toggle());
    this.filters.addEventListener("input", () => this.filter());
    this.filters.addEventListener("submit", (event) => event.preventDefault());
    this.connect();
    setInterval(() => this.say(), SAY_EVERY);
  }

  get isPaused() {
    return this.pause.getAttribute("aria-pressed") === "true";
  }

  connect() {
    const source = new EventSource(this.root.dataset.url);
    source.addEventListener("open", () => this.state());
    source.addEventListener("message", (event) => this.take(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      this.state(this.root.dataset.lost);
      // A browser comes again by itself after a cut, and not after a refusal.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.connect(), 10_000);
    });
    addEventListener("pagehide", () => source.close(), { once: true });
  }

  take(seen) {
    this.waiting = [...this.waiting, ...seen].slice(-MOST);
    this.isPaused ? this.state() : this.show();
  }

  show() {
    const made = document.createDocumentFragment();
    for (const one of this.waiting.reverse()) made.append(this.row(one));
    for (const one of this.waiting) this.counted[one.what] = (this.counted[one.what] ?? 0) + 1;
    this.waiting = [];
    part(this.root, "empty").hidden = true;
    this.rows.prepend(made);
    while (this.rows.childElementCount > MOST) this.rows.lastElementChild.remove();
  }

  row(one) {
    const row = this.pattern.cloneNode(true);
    row.dataset.what = one.what;
    row.dataset.source = one.source;
    row.dataset.name = one.name;
    for (const name of ["word", "time", "name", "type", "source", "who"]) part(row, name).textContent = one[name];
    part(row, "word").classList.add(one.what);
    part(row, "time").dateTime = one.at;
    part(row, "why").textContent = [one.field, one.reason].filter(Boolean).join(" ");
    row.hidden = !this.fits(row);
    return row;
  }

  fits(row) {
    const asked = this.filters.elements;
    const holds = (name) => row.dataset[name].toLowerCase().includes(asked[name].value.trim().toLowerCase());
    return (!asked.what.value || row.dataset.what === asked.what.value) && holds("source") && holds("name");
  }

  filter() {
    for (const row of this.rows.children) row.hidden = !this.fits(row);
  }

  toggle() {
    this.pause.setAttribute("aria-pressed", String(!this.isPaused));
    this.pause.textContent = this.isPaused ? this.root.dataset.resume : this.root.dataset.pause;
    if (!this.isPaused) this.show();
    this.state();
  }

  state(text) {
    const said = this.root.dataset;
    const waiting = this.waiting.length ? `: ${filled(said.waiting, { count: this.waiting.length })}` : "";
    part(this.root, "state").textContent = text ?? (this.isPaused ? said.paused + waiting : said.watching);
  }

  // What a screen reader is told: how many, and seldom.
  say() {
    if (!Object.keys(this.counted).length) return;
    const counted = { accepted: 0, duplicate: 0, rejected: 0, ...this.counted };
    part(this.root, "said").textContent = filled(this.root.dataset.said, counted);
    this.counted = {};
  }
}

function tryInPlace(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const url = event.submitter?.getAttribute("formaction") ?? form.getAttribute("action");
    const body = new URLSearchParams(new FormData(form));
    const shown = document.getElementById("tried");
    try {
      const headers = { "x-fragment": "1", accept: "text/html" };
      shown.replaceChildren(await fragment(url, { method: "POST", body, headers }));
      shown.hidden = false;
    } catch {
      form.submit(); // the page of the answer says what is wrong
    }
  });
}

new Stream(document.getElementById("stream"));
tryInPlace(document.querySelector('[data-part="try"]'));
