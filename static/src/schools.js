// Picks a school while its name is typed: an editable combobox with a list (WAI-ARIA 1.2), on the page's own field, so
// that its label, hint and error stay with it. The text may always be something else: what is in no list is sent as
// typed. Without this script the button "Find your school" does the same.

import { later } from "./later.js";

const WAIT = 200;
const SHORTEST = 2;

document.querySelectorAll(".school-picker[data-find]").forEach(pick);

function pick(picker) {
  const input = picker.querySelector("input[name=school]");
  const urn = picker.querySelector("input[type=hidden][name=school_urn]");
  const asked = picker.querySelector("input[name=school_asked]");
  if (!input || !urn || !asked) return;

  const list = Object.assign(document.createElement("ul"), { id: `${input.id}-list`, className: "school-picker__list" });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Schools");
  list.hidden = true;
  input.after(list);

  const status = document.createElement("div");
  status.className = "govuk-visually-hidden";
  status.setAttribute("role", "status");
  picker.append(status);

  const picked = picker.querySelector(".school-picker__picked") || document.createElement("p");
  picked.className = "school-picker__picked";
  list.after(picked);
  picker.querySelector(".school-picker__step").hidden = true;

  for (const [name, value] of Object.entries({
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
  }))
    input.setAttribute(name, value);

  let schools = [];
  let at = -1; // which of them the arrows are on
  let asking = new AbortController();

  const find = later(async () => {
    asking = new AbortController();
    const words = input.value.trim();
    const found = await answer(`${picker.dataset.find}?${new URLSearchParams({ q: words })}`, asking.signal);
    if (found === null || document.activeElement !== input) return;
    show(found);
    say(found);
  }, WAIT);

  input.addEventListener("input", () => {
    asking.abort();
    forget();
    light(-1);
    if (input.value.trim().length < SHORTEST) close();
    else find();
  });

  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey) return;
    const open = !list.hidden;
    if (event.key === "ArrowDown" && open) light((at + 1) % schools.length);
    else if (event.key === "ArrowUp" && open) light(at > 0 ? at - 1 : schools.length - 1);
    else if (event.key === "ArrowDown" && input.value.trim().length >= SHORTEST) find();
    else if (event.key === "Enter" && open) {
      if (at >= 0) choose(schools[at]);
      else close();
    } else if (event.key === "Escape" && open) close();
    else return;
    event.preventDefault();
  });

  input.addEventListener("blur", close);

  // The press must not take the focus from the field: that would close the list under the finger.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) choose(schools[[...list.children].indexOf(option)]);
  });

  function show(found) {
    schools = found.schools || [];
    list.replaceChildren(...schools.map((school, n) => optionOf(school, `${list.id}-${n}`)));
    light(-1);
    list.hidden = !schools.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    list.scrollTop = 0;
  }

  function close() {
    find.cancel();
    asking.abort();
    show({});
  }

  /** Put the arrows on one of the options, or on none (-1). */
  function light(to) {
    [...list.children].forEach((option, n) => option.setAttribute("aria-selected", String(n === to)));
    at = to;
    if (to < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[to].id);
    list.children[to].scrollIntoView({ block: "nearest" });
  }

  function choose(school) {
    input.value = asked.value = school.shown;
    urn.value = school.urn;
    picked.textContent = `In the register of schools, URN ${school.urn}`;
    status.textContent = `${school.shown} is picked.`;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    close();
    if (picker.dataset.known) tell(school.urn);
  }

  /** Fill in what else the register knows of the school, where the form asks for it. */
  async function tell(number) {
    const known = await answer(picker.dataset.known + number);
    if (!known.values || urn.value !== String(number)) return;
    for (const [name, value] of Object.entries(known.values)) if (input.form[name]) input.form[name].value = value;
    if (!known.said) return;
    picked.textContent += `. ${known.said}`;
    status.textContent += ` ${known.said}`;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Words that are changed are words again, and no school. */
  function forget() {
    if (input.value === asked.value) return;
    urn.value = "";
    picked.textContent = "";
  }

  function say({ schools: found, failed }) {
    if (failed) status.textContent = "Schools cannot be looked up now. What you type is used as it is.";
    else if (!found.length) {
      picked.textContent = "No school in the register matches this. It is used as you type it.";
      status.textContent = picked.textContent;
    } else {
      const many = found.length === 1 ? "One school" : `${found.length} schools`;
      status.textContent = `${many}. Use the up and down arrow keys to choose, and Enter to pick.`;
    }
  }
}

function optionOf(school, id) {
  const option = document.createElement("li");
  option.id = id;
  option.className = "school-picker__option";
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  const about = document.createElement("span");
  about.className = "school-picker__about";
  about.textContent = [school.about, school.closed].filter(Boolean).join(". ");
  option.append(school.name, document.createTextNode(" "), about);
  return option;
}

/** What the site says, or that it cannot be known; null where a newer question has taken its place. */
async function answer(address, signal) {
  try {
    const response = await fetch(address, { signal });
    return response.ok ? await response.json() : { failed: true };
  } catch {
    return signal?.aborted ? null : { failed: true };
  }
}
