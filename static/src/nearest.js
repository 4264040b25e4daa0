// While a title is typed: the threads nearest to it, below the box. The list is quiet; one short line, which only a
// screen reader gets, says how many there are.

import { later } from "./later.js";

const WAIT = 600;
const SHORTEST = 4; // characters; with less, everything is near

export function nearest(form) {
  const title = form.querySelector("input[name=title]");
  if (!title) return;

  const list = document.createElement("div");
  const status = document.createElement("p");
  status.className = "govuk-visually-hidden";
  status.setAttribute("role", "status");
  (title.closest(".govuk-form-group") || title).after(status, list);

  let asking = new AbortController();
  let shown = title.value.trim();

  async function show() {
    const words = title.value.trim();
    if (words === shown) return;
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const found = words.length < SHORTEST ? NOTHING : await near(form, words, signal);
    if (signal.aborted) return;
    document.getElementById("nearest")?.remove(); // what the preview button brought, for the title before
    shown = words;
    list.innerHTML = found.html;
    const said = sentence(found.count);
    if (status.textContent !== said) status.textContent = said;
  }

  title.addEventListener("input", later(show, WAIT));
}

const NOTHING = { count: 0, html: "" };

function sentence(count) {
  if (!count) return "";
  return count === 1 ? "1 thread like this, listed below the title" : `${count} threads like this, listed below the title`;
}

/** The threads as HTML, which the server has made safe; nothing where it says no. */
async function near(form, title, signal) {
  const address = new URL(form.dataset.nearestUrl, location.href);
  address.searchParams.set("title", title);
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, signal });
    return answer.ok ? await answer.json() : NOTHING;
  } catch {
    return NOTHING;
  }
}
