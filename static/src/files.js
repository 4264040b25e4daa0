// Says what has been chosen, and which of it is too large or too many, before it is sent: a school's line can be slow.
// The server says the same; this only says it sooner.

const MEGABYTE = 1024 * 1024;

export function weigh(input) {
  const largest = Number(input.dataset.largest); // bytes
  const room = Number(input.dataset.room || 1);
  const list = document.createElement("ul");
  list.className = "chosen";
  const said = document.createElement("div");
  said.setAttribute("role", "status");
  input.after(said);

  input.addEventListener("change", () => {
    list.replaceChildren(...[...input.files].map((file, place) => line(file, fault(file, place))));
    said.replaceChildren(...(input.files.length ? [list] : []));
  });

  function fault(file, place) {
    if (file.size > largest) return `too large: the most is ${largest / MEGABYTE} MB`;
    return place < room ? "" : `one too many: there is room for ${room}`;
  }
}

function line(file, fault) {
  const item = document.createElement("li");
  item.textContent = `${file.name}, ${size(file.size)}`;
  if (fault) {
    const said = document.createElement("span");
    said.className = "chosen__fault";
    said.textContent = ` – ${fault}`;
    item.append(said);
  }
  return item;
}

function size(bytes) {
  if (bytes >= MEGABYTE) return `${(bytes / MEGABYTE).toFixed(1)} MB`;
  return `${Math.max(1, Math.round(bytes / 1024))} KB`;
}
