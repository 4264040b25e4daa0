// While someone types: what the team would have to look at, below the field it stands in. The server finds it and keeps
// nothing; where it says no, nothing else changes. The hint is polite: it waits until a screen reader has finished.

import { later } from "./later.js";

const WAIT = 1200;

export function check(form) {
  form.querySelectorAll("textarea, input[type=text]").forEach((field) => watch(form, field));
}

function watch(form, field) {
  const hint = document.createElement("div");
  hint.className = "found-hint";
  hint.setAttribute("role", "status");
  (field.closest(".govuk-form-group") || field).after(hint);

  let asking = new AbortController();
  let shown = "";

  async function show() {
    asking.abort();
    asking = new AbortController();
    const html = field.value.trim() ? await asked(form, field.value, asking.signal) : "";
    if (html === null || html === shown) return;
    shown = html;
    hint.innerHTML = html;
  }

  field.addEventListener("input", later(show, WAIT));
}

/** What was found, as HTML that the server has made safe; null where a newer question has taken its place. */
async function asked(form, body, signal) {
  const token = form.querySelector("[name=csrf_token]");
  const fields = new URLSearchParams({ body, csrf_token: token ? token.value : "" });
  try {
    const answer = await fetch(form.dataset.checkUrl, { method: "POST", body: fields, headers: { Accept: "application/json" }, signal });
    return answer.ok && !answer.redirected ? (await answer.json()).html : "";
  } catch {
    return signal.aborted ? null : "";
  }
}
