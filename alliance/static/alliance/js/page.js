/* Menus, colours and popovers. Every part works without this module: menus are <details>, the colour switch is a form,
   popovers open by the browser's own popover attribute. */

const root = document.documentElement;

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details[data-menu]")));
document.addEventListener("focusin", (event) => closeMenus(event.target.closest("details[data-menu]")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details[data-menu][open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

/* Where a row of links scrolls sideways, the present page's one is in view. */
for (const link of document.querySelectorAll(":is(.portal-nav, .tabs) [aria-current]")) {
  const row = link.closest("ul");
  row.scrollLeft = link.offsetLeft - row.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
}

/* Colours: shown at once, remembered by the server. If the server cannot be reached, the form is sent the ordinary way. */
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-theme-switch]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const chosen = event.submitter.value;
  const body = new FormData(form, event.submitter);
  if (chosen === "system") root.removeAttribute("data-theme");
  else root.dataset.theme = chosen;
  for (const button of form.querySelectorAll("button[name=theme]")) {
    button.setAttribute("aria-pressed", String(button.value === chosen));
  }
  try {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual", credentials: "same-origin" });
    if (answer.status >= 400) throw new Error(String(answer.status));
  } catch {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "theme";
    field.value = chosen;
    form.append(field);
    HTMLFormElement.prototype.submit.call(form);
  }
});

/* A popover opens beside its button; without this it opens in the middle of the window. */
document.addEventListener("toggle", (event) => {
  const panel = event.target;
  if (!(panel instanceof HTMLElement) || !panel.matches(".popover[popover]") || event.newState !== "open") return;
  const opener = document.querySelector(`[data-popover][popovertarget="${CSS.escape(panel.id)}"]`);
  if (!opener) return;
  const at = opener.getBoundingClientRect();
  const size = panel.getBoundingClientRect();
  const left = Math.max(12, Math.min(at.left, window.innerWidth - size.width - 12));
  const below = at.bottom + 8;
  const top = below + size.height > window.innerHeight - 8 ? Math.max(8, at.top - size.height - 8) : below;
  panel.style.margin = "0";
  panel.style.inset = `${top}px auto auto ${left}px`;
}, true);
