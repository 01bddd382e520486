// Kohort's pixel: tells the collector what visitors do. Every option and command: docs/pixel.md.
(() => {
  "use strict";
  const script = document.currentScript, early = window.kohort;
  const options = {consent: "wait", purpose: "analytics", auto: "page click time video", abandoned: 30};
  const held = [], unsaved = new Map();
  let started, sending, timer, visitor, address, visibleSince, spent = 0, failures = 0, count = 0;

  // Every event has a key of its own, so that tabs that write at once lose nothing; the collector knows repeats.
  const store = (use) => {
    try { return use(localStorage); } catch { return undefined; }
  };
  const read = (key) => store((kept) => JSON.parse(kept.getItem(`kohort:${key}`)));
  const write = (key, value) => store((kept) => [kept.setItem(`kohort:${key}`, JSON.stringify(value))]);
  const remove = (key) => unsaved.delete(key) || store((kept) => kept.removeItem(`kohort:${key}`));
  const waiting = () => {
    const saved = store((kept) => Object.keys(kept).map((key) => key.slice(7)).filter((key) => key.startsWith("e:")));
    return [...unsaved.keys(), ...(saved || [])].sort();
  };
  const random = () =>
    [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const choice = () => read("consent");
  const decided = () => (choice() || {})[options.purpose];
  const allowed = () => decided() ?? options.consent === "none";
  const anonymousId = () => {
    visitor = read("anonymous") || visitor || random();
    write("anonymous", visitor);
    return visitor;
  };
  const forget = () => {
    visitor = undefined;
    ["anonymous", "user", "cart"].forEach(remove);
  };
  const where = () => {
    const {pathname: path, search, href: url} = location;
    return {path, search, url, title: document.title, referrer: document.referrer};
  };
  const context = () => {
    const campaign = {};
    for (const [name, value] of new URLSearchParams(location.search))
      if (name.startsWith("utm_")) campaign[name === "utm_campaign" ? "name" : name.slice(4)] = value;
    const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return {library: {name: "kohort.js"}, page: where(), locale: navigator.language, timezone, campaign};
  };

  const said = (type, fields) => ({type, timestamp: new Date(), messageId: random(), context: context(), ...fields});
  const put = (type, fields) => {
    const message = said(type, fields);
    if (allowed()) keep(message);
    else if (decided() === undefined && held.length < 100) held.push(message);
  };
  const keep = (message) => {
    const key = `e:${Date.now()}:${1e6 + count++}:${message.messageId}`;
    if (choice()) message.context.consent = {categoryPreferences: choice()};
    const whole = {anonymousId: anonymousId(), userId: read("user"), ...message};
    if (!write(key, whole)) unsaved.set(key, whole);
    later(1000);
  };
  const track = (event, properties) => put("track", {event, properties});

  const later = (delay) => {
    timer = timer || setTimeout(flush, delay);
  };
  const batch = () => {
    const keys = [], messages = [];
    let size = 0;
    for (const key of waiting()) {
      const message = unsaved.get(key) || read(key);
      size += JSON.stringify(message).length;
      if (keys.length && size > 2e4) break;
      keys.push(key);
      messages.push(message);
    }
    return {keys, body: JSON.stringify({writeKey: options.key, sentAt: new Date(), batch: messages})};
  };
  const flush = async () => {
    timer = 0;
    if (sending || !started || !waiting().length) return;
    sending = true;
    const {keys, body} = batch();
    let pause = Math.min(6e4, 1000 * 2 ** failures) * (0.5 + Math.random()), retry = true;
    try {
      const {status, headers} = await fetch(`${options.host}/v1/b`, {method: "POST", body});
      retry = status === 408 || status === 429 || status >= 500;
      pause = headers.get("Retry-After") * 1000 || pause;
    } catch { /* no network: tried again later */ }
    sending = false;
    failures = retry ? failures + 1 : 0;
    if (!retry) keys.forEach(remove);
    if (waiting().length) later(retry ? pause : 0);
  };
  // Whether a beacon arrives is not told, so its events stay until they are acknowledged.
  const beacon = () => {
    if (started && waiting().length) navigator.sendBeacon(`${options.host}/beacon/v1/batch`, batch().body);
  };

  const page = (name, properties) => {
    address = location.pathname + location.search;
    put("page", {name: name || document.title, properties: {...where(), ...properties}});
  };
  const moved = () => {
    if (address === location.pathname + location.search) return;
    timeSpent();
    page();
  };
  const timeSpent = () => {
    if (visibleSince) spent += Date.now() - visibleSince;
    visibleSince = document.hidden ? 0 : Date.now();
    if (spent > 999) track("Time Spent", {seconds: Math.round(spent / 1000), url: address});
    spent = 0;
  };
  const watched = (video) => {
    const {played, title, currentSrc: source, duration, ended: completed} = video;
    let seconds = 0;
    for (let at = played.length; at--; ) seconds += played.end(at) - played.start(at);
    if (seconds < 1 || seconds === video.kohort) return;
    video.kohort = seconds;
    track("Video Watched", {title, source, seconds, duration, completed});
  };
  const clicked = ({target}) => {
    const element = target.closest("[data-kohort]");
    if (!element) return;
    const {kohort, ...data} = element.dataset;
    track(kohort || "Element Clicked", {text: element.textContent.trim().slice(0, 99), href: element.href, ...data});
  };
  const abandoned = () => {
    const {changed, ...cart} = read("cart") || {};
    if (!changed || Date.now() - changed < options.abandoned * 6e4) return;
    remove("cart");
    track("Cart Abandoned", cart);
  };

  const commands = {
    init(given) {
      Object.assign(options, given);
      if (started || !options.key) return;
      started = true;
      const wants = (what) => options.auto.includes(what);
      const on = (target, event, run) => target.addEventListener(event, run, true);
      if (wants("page")) {
        page();
        const push = history.pushState;
        history.pushState = (...state) => moved(push.apply(history, state));
        on(window, "popstate", moved);
      }
      if (wants("click")) on(document, "click", clicked);
      if (wants("video")) on(document, "pause", ({target}) => watched(target));
      if (wants("time") && !document.hidden) visibleSince = Date.now();
      on(document, "visibilitychange", () => {
        if (document.hidden && wants("video")) document.querySelectorAll("video,audio").forEach(watched);
        if (wants("time")) timeSpent();
        if (document.hidden) beacon();
      });
      on(window, "online", flush);
      abandoned();
      setInterval(abandoned, 6e4);
      later(0);
    },
    consent(purposes) {
      const before = allowed();
      write("consent", {...choice(), ...purposes});
      // A choice of other purposes leaves this one open.
      if (decided() === undefined) return;
      if (allowed()) held.forEach(keep);
      else waiting().forEach(remove);
      held.length = 0;
      // Who takes consent back is still told of, once, so that the record of consent says so.
      if (before || allowed()) keep(said("track", {event: "Segment Consent Preference Updated"}));
      if (!allowed()) forget();
    },
    track,
    page,
    identify(userId, traits) {
      if (userId && allowed()) write("user", userId);
      put("identify", {userId, traits});
    },
    alias: (userId, previousId) => put("alias", {userId, previousId: previousId || anonymousId()}),
    group: (groupId, traits) => put("group", {groupId, traits}),
    reset: forget,
    share: (network, properties) => track("Content Shared", {network, url: location.href, ...properties}),
    addToCart(product) {
      track("Product Added", product);
      const cart = read("cart") || {quantity: 0, value: 0}, quantity = +product.quantity || 1;
      const value = cart.value + quantity * (+product.price || 0);
      if (allowed()) write("cart", {quantity: cart.quantity + quantity, value, changed: Date.now()});
    },
    purchase(order) {
      remove("cart");
      track("Order Completed", order);
    },
  };
  const run = (command, ...given) => {
    if (commands[command]) commands[command](...given);
    else console.warn(`kohort knows no command ${command}, only ${Object.keys(commands)}`);
  };
  window.kohort = run;
  if (script) {
    options.host = new URL(script.src || location).origin;
    commands.init(script.dataset);
  }
  ((early || {}).q || []).forEach((given) => run(...given));
})();
