// Offers names while an @ is being typed: a list below the box, for the keyboard and the mouse, said to screen readers.
// Whoever types a whole name, or has no script, mentions somebody just the same.

import { later } from "./later.js";

const WAIT = 150;
const BEGUN = /(^|[\s(])@([\p{L}\p{N}'’.-]*(?: [\p{L}\p{N}'’.-]+){0,3})$/u;

export function offerNames(form) {
  const text = form.querySelector("textarea[name=body]");
  if (!text) return;
  const thread = /^\/threads\/(\d+)\/posts$/.exec(new URL(form.action).pathname)?.[1] || "";

  const list = Object.assign(document.createElement("ul"), { id: `${text.id}-names`, className: "names" });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "People to mention");
  list.hidden = true;
  text.after(list);
  const status = Object.assign(document.createElement("div"), { className: "govuk-visually-hidden" });
  status.setAttribute("role", "status");
  list.after(status);
  text.setAttribute("aria-autocomplete", "list");
  text.setAttribute("aria-controls", list.id);

  let people = [];
  let at = -1;
  let asking = new AbortController();

  const begun = () => BEGUN.exec(text.value.slice(0, text.selectionStart));

  const find = later(async () => {
    const found = begun();
    if (!found || text.selectionStart !== text.selectionEnd) return close();
    asking.abort();
    asking = new AbortController();
    const names = await answer(found[2], thread, asking.signal);
    if (names === null || document.activeElement !== text || !begun()) return;
    show(names);
  }, WAIT);

  text.addEventListener("input", () => (begun() ? find() : close()));
  text.addEventListener("click", close);
  text.addEventListener("blur", close);
  text.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown") light((at + 1) % people.length);
    else if (event.key === "ArrowUp") light(at > 0 ? at - 1 : people.length - 1);
    else if ((event.key === "Enter" || event.key === "Tab") && at >= 0) choose(people[at]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });

  function show(names) {
    people = names;
    if (!people.length) return close();
    list.replaceChildren(
      ...people.map((person, n) => {
        const option = Object.assign(document.createElement("li"), { id: `${list.id}-${n}`, className: "names__option" });
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.append(person.name);
        if (person.about)
          option.append(Object.assign(document.createElement("span"), { className: "names__about", textContent: person.about }));
        option.addEventListener("mousedown", (event) => {
          event.preventDefault(); // the box keeps the focus
          choose(person);
        });
        return option;
      }),
    );
    list.hidden = false;
    status.textContent = `${people.length} ${people.length === 1 ? "person" : "people"} to mention. Use the arrow keys.`;
    light(-1);
  }

  function light(n) {
    at = n;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === n)));
    if (n < 0) return text.removeAttribute("aria-activedescendant");
    const option = list.children[n];
    text.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function choose(person) {
    const found = begun();
    close();
    if (!found) return;
    const end = text.selectionStart;
    const start = end - found[2].length - 1;
    text.setRangeText(`${person.insert} `, start, end, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    find.cancel();
    close();
  }

  function close() {
    find.cancel();
    asking.abort();
    people = [];
    list.hidden = true;
    status.textContent = "";
    light(-1);
  }
}

/** The people whose name begins with `q`; none where the server says no; null where a newer question came. */
async function answer(q, thread, signal) {
  try {
    const found = await fetch(`/mentions?${new URLSearchParams({ q, thread })}`, { signal });
    return found.ok && !found.redirected ? (await found.json()).people : [];
  } catch {
    return signal.aborted ? null : [];
  }
}
