// Conditions are dragged by their handle to between others; the arrows beside it do the same from the keyboard.
export function dragging(root, move) {
  let from = null;

  function placeOf(event) {
    const over = event.target.closest("[data-card],[data-group]");
    const item = over?.closest("li");
    const group = over?.parentElement.closest("[data-group]") ?? over;
    if (from === null || !over || group.dataset.path === from || group.dataset.path.startsWith(`${from}.`)) return null;
    if (over === group) return { to: group.dataset.path, by: 1000, over };
    const { top, height } = item.getBoundingClientRect();
    const number = [...item.parentElement.children].indexOf(item);
    return { to: group.dataset.path, by: event.clientY > top + height / 2 ? number + 1 : number, over };
  }

  function unmark() {
    for (const one of root.querySelectorAll(".before,.after")) one.classList.remove("before", "after");
  }

  root.addEventListener("dragstart", (event) => {
    const handle = event.target.closest("[data-handle]");
    if (!handle) return;
    from = handle.dataset.handle;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", from);
  });
  root.addEventListener("dragover", (event) => {
    const place = placeOf(event);
    unmark();
    if (!place) return;
    event.preventDefault();
    const { top, height } = place.over.getBoundingClientRect();
    place.over.classList.add(event.clientY > top + height / 2 ? "after" : "before");
  });
  root.addEventListener("drop", (event) => {
    const place = placeOf(event);
    unmark();
    if (place) {
      event.preventDefault();
      move(from, place.to, place.by);
    }
  });
  root.addEventListener("dragend", () => {
    unmark();
    from = null;
  });
}
