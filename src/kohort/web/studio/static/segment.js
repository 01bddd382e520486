// Who enters and leaves while the page is open. The stream goes on from the place up to which the page's size counts,
// so that size is exact: each row of the log adds one or takes one away, rows that take others back included.
const news = document.getElementById("news");
const size = document.getElementById("size");
const share = document.getElementById("share");
const at = document.getElementById("at");
const live = document.getElementById("live");
const heard = document.getElementById("heard");
const list = document.getElementById("news-list");
const counted = document.getElementById("news-count");

const language = document.documentElement.lang;
const locale = language === "fr" ? "fr-FR" : "en-GB";
const whole = new Intl.NumberFormat(locale);
const part = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
const written = (options) => new Intl.DateTimeFormat(locale, { ...options, timeZone: news.dataset.zone });
const minute = written({ dateStyle: "long", timeStyle: "short" });
const second = written({ dateStyle: "long", timeStyle: "medium" });
const MOST = 20;
const CALM = 5000;

const now = { size: Number(size.dataset.size), entered: 0, left: 0, at: at.dateTime };
const population = Number(share.dataset.population);
let waiting = [];
let painting = 0;
let speaking = 0;

function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

function row({ kind, told }) {
  const one = document.createElement("li");
  one.className = `new ${told.change === "entered" ? "came" : "went"}`;
  const person = document.createElement("a");
  person.href = `/people/${encodeURIComponent(told.person_id)}`;
  person.textContent = told.person_id;
  const [before, after] = news.dataset[kind].split("{person}");
  const when = document.createElement("time");
  when.className = "muted";
  when.dateTime = told.effective_at;
  when.textContent = ` ${second.format(new Date(told.effective_at))}`;
  one.append(before, person, after, when);
  return one;
}

function paint() {
  painting = 0;
  list.prepend(...waiting.slice(-MOST).reverse().map(row));
  waiting = [];
  while (list.childElementCount > MOST) list.lastElementChild.remove();
  size.textContent = whole.format(now.size);
  if (population) share.textContent = part.format(now.size / population);
  at.dateTime = now.at;
  at.textContent = minute.format(new Date(now.at));
  counted.textContent = said();
  news.hidden = false;
  speaking ||= setTimeout(speak, CALM);
}

function said() {
  const values = { entered: whole.format(now.entered), left: whole.format(now.left), size: whole.format(now.size) };
  return filled(news.dataset.said, values);
}

function speak() {
  speaking = 0;
  heard.textContent = said();
}

function hear(kind) {
  return (event) => {
    const told = JSON.parse(event.data);
    now.size += told.change === "entered" ? 1 : -1;
    if (kind !== "retracted") now[kind] += 1;
    else now[told.change === "entered" ? "left" : "entered"] -= 1;
    if (told.recorded_at > now.at) now.at = told.recorded_at;
    waiting.push({ kind, told });
    painting ||= setTimeout(paint, 200);
  };
}

const stream = new EventSource(news.dataset.stream);
for (const kind of ["entered", "left", "retracted"]) stream.addEventListener(kind, hear(kind));
stream.addEventListener("open", () => { live.hidden = false; });
stream.addEventListener("error", () => { live.hidden = true; });
