// The one place where text from the server becomes elements. The server has escaped it, and its policy allows no script.
const policy = window.trustedTypes?.createPolicy("kohort", { createHTML: (text) => text }) ?? { createHTML: (text) => text };

export function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(html);
  return template.content;
}

export async function fragment(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", ...options });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return parsed(await answer.text());
}

// Send JSON as the visitor, and read JSON; a refusal has the one shape {code, message, where}.
export async function send(url, body, signal) {
  const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";
  const headers = { "content-type": "application/json", "x-csrf-token": csrf };
  const answer = await fetch(url, { method: "POST", credentials: "same-origin", headers, body: JSON.stringify(body), signal });
  const read = await answer.json();
  if (!answer.ok) throw new Error(read.message);
  return read;
}
