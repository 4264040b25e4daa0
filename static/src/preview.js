// Shows a post as it will read, below the box it is typed in. The server makes the HTML and makes it safe;
// where it says no, there is no preview and nothing else changes.

import { later } from "./later.js";

const WAIT = 500;

export function preview(form) {
  const text = form.querySelector("textarea[name=body]");
  if (!text) return;

  const asked = document.querySelector("section.preview"); // what the button brought, until the words change

  const region = document.createElement("section");
  region.className = "preview";
  region.hidden = true;
  region.setAttribute("aria-live", "off");
  region.innerHTML = '<h2 class="govuk-heading-s">Preview</h2><div class="preview__body"></div>';
  region.setAttribute("aria-label", "Preview");
  (text.closest(".govuk-form-group") || text).after(region);

  let asking = new AbortController();

  async function show() {
    asking.abort();
    asking = new AbortController();
    const html = text.value.trim() && (await rendered(form, text.value, asking.signal));
    if (html === null) return;
    if (asked) asked.remove();
    region.querySelector(".preview__body").innerHTML = html;
    region.hidden = !html;
  }

  const soon = later(show, WAIT);
  text.addEventListener("input", soon);
  if (text.value && !asked) soon();
}

/** The HTML of `body`; empty where the server says no; null where a newer question has taken its place. */
async function rendered(form, body, signal) {
  const token = form.querySelector("[name=csrf_token]");
  const fields = new URLSearchParams({ body, csrf_token: token ? token.value : "" });
  const headers = { Accept: "application/json" };
  try {
    const answer = await fetch(form.dataset.previewUrl, { method: "POST", body: fields, headers, signal });
    return answer.ok && !answer.redirected ? (await answer.json()).html : "";
  } catch {
    return signal.aborted ? null : "";
  }
}
