// Parts of a page that are loaded after it: each element with data-part says from where. Without this script the link
// inside leads to the part as a page of its own. Links and forms marked data-part-link renew the part they stand in.
// What holds an element with data-again is loaded again after so many seconds.
import { fragment } from "./fragment.js";

// Whoever is no longer signed in is sent elsewhere: that is no part of a page.
const asked = { headers: { accept: "text/html", "x-fragment": "1" }, redirect: "manual" };
const running = new WeakMap();

export async function load(place, url) {
  running.get(place)?.abort();
  const controller = new AbortController();
  running.set(place, controller);
  place.setAttribute("aria-busy", "true");
  const focused = place.contains(document.activeElement) ? document.activeElement.id : null;
  try {
    const content = await fragment(url, { ...asked, signal: controller.signal });
    place.replaceChildren(content);
    place.dataset.loaded = "";
    if (focused !== null) (document.getElementById(focused) ?? place).focus({ preventScroll: true });
    place.dispatchEvent(new CustomEvent("part", { bubbles: true }));
    const again = place.querySelector("[data-again]");
    if (again) setTimeout(() => load(place, url), 1000 * again.dataset.again);
  } catch (error) {
    if (error.name === "AbortError") return;
    const said = document.createElement("p");
    const again = document.createElement("a");
    again.href = url;
    again.textContent = document.querySelector("[data-part-failed]")?.dataset.partFailed ?? url;
    said.append(again);
    place.replaceChildren(said);
  } finally {
    place.removeAttribute("aria-busy");
  }
}

// Near the screen, or about to be printed.
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    load(target, target.dataset.part);
  }
}, { rootMargin: "800px" });
for (const place of document.querySelectorAll("[data-part]")) seen.observe(place);

// Printing waits for all parts.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const missing = [...document.querySelectorAll("[data-part]:not([data-loaded])")];
    await Promise.all(missing.map((place) => load(place, place.dataset.part)));
    print();
  });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-part-link]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const place = link.closest("[data-part]");
  if (!place) return;
  event.preventDefault();
  load(place, link.href);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-part-link]");
  const place = form?.closest("[data-part]");
  if (!place) return;
  event.preventDefault();
  load(place, `${form.action}?${new URLSearchParams(new FormData(form))}`);
});
