// The builder: cards, sentence and size in step. What cards mean, and what an edit does to them, the server says.
import { parsed, send } from "../fragment.js";
import { Choices } from "./choices.js";
import { dragging } from "./dragging.js";
import { groupOf } from "./draft.js";

const PAUSE = 200;

class RuleBuilder extends HTMLElement {
  connectedCallback() {
    this.cards = this.querySelector("#cards");
    this.sentence = this.querySelector("#sentence");
    this.outcome = this.querySelector("#outcome");
    this.refusal = this.querySelector("#sentence-problem");
    this.choices = new Choices(this.querySelector("#choices"));
    this.past = [JSON.stringify(this.draft())];
    this.place = 0;
    this.asking = {};
    this.cards.addEventListener("input", (event) => this.typed(event.target));
    this.cards.addEventListener("change", (event) => this.chosen(event.target));
    this.cards.addEventListener("focusin", (event) => event.target.dataset.choices && this.choices.offer(event.target));
    this.sentence.addEventListener("input", () => this.later("words", () => this.read(this.sentence.value)));
    this.addEventListener("click", (event) => this.clicked(event));
    this.addEventListener("keydown", (event) => this.pressed(event));
    for (const [id, by] of [["undo", -1], ["redo", 1]]) {
      document.getElementById(id).addEventListener("click", () => this.travel(by));
    }
    dragging(this.cards, (path, to, by) => this.edit({ do: "move", path, to, by }));
    if (this.sentence.value) this.size();
    else this.busy(0);
  }

  draft() {
    return groupOf(this.cards.querySelector("[data-group]"));
  }

  typed(control) {
    if (control.dataset.choices === "values") this.later("choices", () => this.choices.offer(control));
    if (!control.dataset.redraw && control.dataset.kind === undefined) this.later("size", () => this.size());
  }

  chosen(control) {
    const path = control.closest("[data-card],[data-step],[data-group]").dataset.path;
    if (control.dataset.kind !== undefined) this.edit({ do: "kind", path, kind: control.value });
    else if (control.dataset.redraw === "named") this.edit({ do: "named", path });
    else if (control.dataset.redraw) this.draw({ draft: this.draft() });
  }

  clicked(event) {
    const button = event.target.closest("[data-do],[data-sentence],[data-goto],[data-completion]");
    if (!button) return;
    const given = button.dataset;
    if (given.do) this.edit({ do: given.do, path: given.path, by: Number(given.by ?? 0), kind: given.add ?? "did" }, true);
    else if (given.sentence) this.read(given.sentence);
    else if (given.completion !== undefined) this.complete(given);
    else {
      event.preventDefault();
      this.querySelector(`#f-${CSS.escape(`${given.goto}-${given.gotoField}`)}`)?.focus();
    }
  }

  pressed(event) {
    const writing = event.target.matches("input:not([type=checkbox]),textarea");
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !writing) {
      event.preventDefault();
      this.travel(event.shiftKey ? 1 : -1);
    } else if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      const path = event.target.closest("[data-card]")?.dataset.path;
      if (!path) return;
      event.preventDefault();
      this.edit({ do: "shift", path, by: event.key === "ArrowUp" ? -1 : 1 }, true);
    }
  }

  // One question of a kind at a time: what is asked later replaces what is on its way.
  later(kind, work) {
    if (this.asking[kind] === undefined) this.busy(1);
    clearTimeout(this.asking[kind]);
    this.asking[kind] = setTimeout(() => {
      this.asking[kind] = undefined;
      work();
      this.busy(-1);
    }, PAUSE);
  }

  async ask(kind, url, body) {
    this[kind]?.abort();
    this[kind] = new AbortController();
    this.busy(1);
    try {
      return await send(url, body, this[kind].signal);
    } catch (error) {
      if (error.name === "AbortError") return null;
      return { refusal: error.message };
    } finally {
      this.busy(-1);
    }
  }

  // While something is on its way the page says so, to people and to programs.
  busy(by) {
    this.pending = (this.pending ?? 0) + by;
    this.setAttribute("aria-busy", String(this.pending > 0));
  }

  edit(edit, jump = false) {
    return this.draw({ draft: this.draft(), edit }, jump);
  }

  async draw(body, jump = false, inWords = false) {
    const focused = document.activeElement?.id;
    const answer = await this.ask("drawing", "/build/cards", body);
    if (!answer) return;
    this.tell(answer.refusal);
    if (!answer.cards) return;
    this.cards.replaceChildren(parsed(answer.cards));
    const next = jump ? this.first(answer.focus) : document.getElementById(focused);
    next?.focus();
    await this.size(inWords);
  }

  first(path) {
    const holder = this.cards.querySelector(`[data-path="${CSS.escape(path)}"]`);
    return holder?.querySelector("select[data-kind],input:not([type=checkbox],[type=hidden]),select,button:not([tabindex])");
  }

  // What is written in words becomes cards; the words stay as they are while one writes.
  async read(sentence) {
    if (this.sentence.value !== sentence) this.sentence.value = sentence;
    this.suggest();
    await this.draw({ sentence }, false, true);
  }

  tell(refusal) {
    this.refusal.hidden = !refusal;
    this.refusal.textContent = refusal ?? "";
    this.sentence.setAttribute("aria-invalid", String(Boolean(refusal)));
  }

  async size(inWords = false) {
    const draft = this.draft();
    this.remember(draft);
    const answer = await this.ask("sizing", "/build/outcome", { draft });
    if (!answer) return;
    if (answer.outcome) this.outcome.replaceChildren(parsed(answer.outcome));
    else this.outcome.textContent = answer.refusal;
    this.mark(answer.problems ?? []);
    if (answer.sentence !== undefined) {
      const kept = document.getElementById("kept-sentence");
      if (kept) kept.value = answer.sentence;
      if (!inWords) {
        this.sentence.value = answer.sentence;
        this.tell(null);
      }
    }
  }

  mark(problems) {
    for (const one of this.cards.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
    for (const one of this.cards.querySelectorAll("[data-problem]")) one.hidden = true;
    for (const { path, field, message } of problems) {
      const control = this.cards.querySelector(`#f-${CSS.escape(`${path}-${field}`)}`);
      // Who has not come to a field yet has made no mistake in it.
      if (!control?.value) continue;
      control.setAttribute("aria-invalid", "true");
      const words = this.cards.querySelector(`[data-problem="${CSS.escape(path)}"]`);
      words.textContent = message;
      words.hidden = false;
    }
  }

  remember(draft) {
    const written = JSON.stringify(draft);
    if (written !== this.past[this.place]) {
      this.past.splice(this.place + 1, this.past.length, written);
      this.place += 1;
    }
    document.getElementById("undo").disabled = this.place === 0;
    document.getElementById("redo").disabled = this.place === this.past.length - 1;
  }

  travel(by) {
    const there = this.place + by;
    if (there < 0 || there >= this.past.length) return;
    this.place = there;
    this.draw({ draft: JSON.parse(this.past[there]) });
  }

  async suggest() {
    const written = this.sentence.value.slice(0, this.sentence.selectionStart);
    const answer = await fetch(`/build/completions?${new URLSearchParams({ sentence: written })}`);
    if (!answer.ok) return;
    const { completions } = await answer.json();
    const list = this.querySelector("#completions");
    list.replaceChildren(...completions.slice(0, 12).map(({ start, text }) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      Object.assign(button, { type: "button", className: "quiet", textContent: text });
      Object.assign(button.dataset, { completion: text, start });
      item.append(button);
      return item;
    }));
  }

  complete({ completion, start }) {
    const after = this.sentence.value.slice(this.sentence.selectionStart);
    const written = `${this.sentence.value.slice(0, Number(start))}${completion} `;
    this.sentence.value = written + after;
    this.sentence.focus();
    this.sentence.setSelectionRange(written.length, written.length);
    this.read(this.sentence.value);
  }
}

customElements.define("rule-builder", RuleBuilder);
