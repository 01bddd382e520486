// What the cards hold, as the draft that the server reads. The page is the only state there is.
const HOLDERS = "[data-card],[data-group],[data-step]";
const OF_STEPS = new Set(["event", "within_count", "within_unit"]);

function own(holder, selector) {
  return [...holder.querySelectorAll(selector)].filter((one) => one.parentElement.closest(HOLDERS) === holder);
}

function fieldsOf(holder) {
  const fields = {};
  for (const one of own(holder, "[data-field]")) {
    const value = one.type === "checkbox" ? (one.checked ? "yes" : "") : one.value;
    if (value) fields[one.dataset.field] = value;
  }
  return fields;
}

function negated(holder) {
  return own(holder, "[data-negated]").some((one) => one.checked);
}

function inner(holder, selector) {
  const [found] = own(holder, selector);
  return found ? groupOf(found.querySelector("[data-group]")) : null;
}

function stepOf(item) {
  const fields = Object.fromEntries(Object.entries(fieldsOf(item)).filter(([name]) => OF_STEPS.has(name)));
  return { fields, negated: negated(item), where: inner(item, "[data-where]") };
}

function cardOf(card) {
  const [kind] = own(card, "[data-kind]");
  const items = own(card, "[data-step]");
  const fields = fieldsOf(card);
  // The window of a sequence stands at its first step.
  for (const item of items) {
    for (const [name, value] of Object.entries(fieldsOf(item))) if (!OF_STEPS.has(name)) fields[name] = value;
  }
  return {
    type: "card", kind: kind.value, fields, negated: negated(card),
    where: inner(card, "[data-where]"), among: inner(card, "[data-among]"), steps: items.map(stepOf),
  };
}

export function groupOf(group) {
  const cards = own(group, "[data-card],[data-group]").map((one) => (one.matches("[data-group]") ? groupOf(one) : cardOf(one)));
  return { type: "group", join: fieldsOf(group).join ?? "all", negated: negated(group), cards };
}

// What a control is about: its card, and the event whose properties it may name.
export function contextOf(control) {
  const holder = control.closest("[data-card],[data-step]");
  const fields = holder ? fieldsOf(holder) : {};
  const around = holder?.parentElement.closest("[data-card],[data-step]");
  return {
    event: fields.event ?? (around ? fieldsOf(around).event ?? "" : ""),
    property: fields.property ?? "",
    trait: fields.trait ?? "",
  };
}
