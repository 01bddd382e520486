// Suggestions with their counts, in the browser's own list: for a field when one comes to it, for values while one types.
import { contextOf } from "./draft.js";

export class Choices {
  constructor(list) {
    this.list = list;
    this.asked = "";
  }

  async offer(control) {
    const query = new URLSearchParams({ of: control.dataset.choices, ...contextOf(control) });
    if (control.dataset.choices === "values") query.set("prefix", control.value);
    const url = `/build/choices?${query}`;
    if (url === this.asked) return;
    this.asked = url;
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok || this.asked !== url) return;
    const { choices } = await answer.json();
    this.list.replaceChildren(...choices.map(({ value, label }) => {
      const option = document.createElement("option");
      option.value = value;
      option.label = label;
      return option;
    }));
  }
}
