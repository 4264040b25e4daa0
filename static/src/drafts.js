// Keeps what is being written: 2 seconds after the typing stops, and when the page is left or put away.
// A line under the text says when it was last saved, or that it was not.

import { later } from "./later.js";

const WAIT = 2000;
const KEEPALIVE_LIMIT = 60000; // bytes; browsers refuse more than 64 KiB to a request that outlives its page

const FAILED = "Your draft could not be saved. Check your connection.";
const CHANGED = "This was changed from another page or device. Save it yourself to see both.";
const SIGNED_OUT =
  "You have been signed out. Your words stay on this page: sign in in another tab, then send.";

export function saveDrafts(form) {
  const status = document.createElement("p");
  status.className = "draft-status";
  status.setAttribute("role", "status");
  const text = form.querySelector("textarea");
  const group = text && text.closest(".govuk-form-group");
  if (group) group.after(status);
  else form.append(status);

  let saving = new AbortController();
  let saved = written(form);

  async function save({ keepalive = false } = {}) {
    const now = written(form);
    if (now === saved) return;
    saving.abort();
    saving = new AbortController();
    const { signal } = saving;
    const said = await answer(form, now, { keepalive: keepalive && now.length < KEEPALIVE_LIMIT, signal });
    if (signal.aborted) return;
    if (said.savedAt) saved = now;
    if (status.textContent !== said.words) status.textContent = said.words;
  }

  const soon = later(save, WAIT);
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden") return;
    soon.cancel();
    save({ keepalive: true });
  });

  // What is being sent needs no draft any more, and a late one must not bring it back.
  form.addEventListener("submit", () => {
    soon.cancel();
    saving.abort();
    saved = written(form);
  });
}

/** All fields of the form as they would be sent. */
function written(form) {
  return new URLSearchParams(new FormData(form)).toString();
}

async function answer(form, fields, options) {
  try {
    const response = await fetch(form.dataset.draftUrl, {
      method: "POST",
      body: fields,
      headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8" },
      ...options,
    });
    if ([401, 403].includes(response.status) || response.redirected) return { words: SIGNED_OUT };
    if (response.status === 409) return { words: CHANGED };
    if (!response.ok) return { words: FAILED };
    const { saved_at: savedAt } = await response.json();
    return { savedAt, words: `Draft saved at ${savedAt}` };
  } catch {
    return { words: FAILED };
  }
}
