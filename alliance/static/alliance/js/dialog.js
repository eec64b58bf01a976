/* Dialogs. A link with data-dialog leads to a page; with this module the same content opens over the present page:
   data-dialog="#id" opens a dialog that is here already, an empty data-dialog fetches the part [data-dialog-body]. */

let loaded;

function show(dialog) {
  if (!dialog.open) dialog.showModal();
}

function holder() {
  if (!loaded) {
    loaded = document.createElement("dialog");
    loaded.id = "loaded-dialog";
    document.body.append(loaded);
  }
  return loaded;
}

async function showPart(href) {
  const answer = await fetch(href, { credentials: "same-origin", headers: { "X-Dialog": "1" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const part = page.querySelector("[data-dialog-body]");
  if (!answer.ok || !part) throw new Error("no dialog in the page");
  const dialog = holder();
  dialog.replaceChildren(document.adoptNode(part));
  part.classList.add("dialog");
  for (const form of part.querySelectorAll("form:not([action])")) form.setAttribute("action", href);
  const heading = part.querySelector("h1, h2");
  if (heading) {
    heading.id ||= "loaded-dialog-title";
    heading.tabIndex = -1;
    dialog.setAttribute("aria-labelledby", heading.id);
  }
  window.htmx?.process(dialog);
  show(dialog);
  // The focus starts at the heading: never at a dangerous button.
  heading?.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-dialog]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const local = link.dataset.dialog && document.querySelector(link.dataset.dialog);
  if (local) {
    event.preventDefault();
    show(local);
  } else if (link.href) {
    event.preventDefault();
    showPart(link.href).catch(() => window.location.assign(link.href));
  }
});

document.addEventListener("click", (event) => {
  const dialog = event.target.closest("dialog");
  if (!dialog) return;
  if (event.target.closest("[data-dialog-close]") && !event.target.closest("form[method=dialog]")) {
    event.preventDefault();
    dialog.close();
  }
  if (event.target !== dialog) return;
  const box = dialog.getBoundingClientRect();
  const outside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
  if (outside && !dialog.querySelector("form [name]:not([type=hidden])")) dialog.close();
});
