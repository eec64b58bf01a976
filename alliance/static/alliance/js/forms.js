/* Forms: no double submit, the error summary takes the focus, filters apply when changed. */

const BUSY_SECONDS = 20;

function submitButtons(form) {
  return [...form.elements].filter((element) => element.matches("button:not([type=button]), input[type=submit]"));
}

function release(form) {
  delete form.dataset.sent;
  for (const button of submitButtons(form)) {
    if (button.dataset.guarded) {
      button.disabled = false;
      delete button.dataset.guarded;
    }
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "post" || form.dataset.guard === "off") return;
  if (form.dataset.sent) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  form.dataset.sent = "1";
  // Disabled only after the browser has collected the fields, so that the value of the pressed button is sent.
  setTimeout(() => {
    for (const button of submitButtons(form)) {
      if (!button.disabled) {
        button.disabled = true;
        button.dataset.guarded = "1";
      }
    }
  });
  setTimeout(() => release(form), BUSY_SECONDS * 1000);
}, true);

window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) release(form);
});

function focusSummary(within) {
  within.querySelector("[data-error-summary]")?.focus();
}
focusSummary(document);
document.addEventListener("htmx:afterSettle", (event) => focusSummary(event.target));

/* A link of the summary leads to its control, and the label above it stays in view. */
document.addEventListener("click", (event) => {
  const link = event.target.closest(".error-summary a[href^='#']");
  const control = link && document.getElementById(link.hash.slice(1));
  if (!control) return;
  event.preventDefault();
  control.focus({ preventScroll: true });
  (control.closest(".field") ?? control).scrollIntoView({ block: "start" });
});

/* After a first error a field is looked at again when the reader leaves it; never while typing, and never in the middle of a
   press: the message that goes would move the button away from under the finger, and the press would hit nothing. */
const left = new Set();
let pressing = false;

function lookAgain() {
  if (pressing) return;
  for (const control of left) {
    const field = control.closest?.(".field.invalid");
    if (!field || control.value === undefined || control.value === control.defaultValue) continue;
    if (String(control.value).trim() === "" || !control.checkValidity()) continue;
    field.classList.remove("invalid");
    control.removeAttribute("aria-invalid");
    field.querySelector(".field-error")?.remove();
  }
  left.clear();
}

document.addEventListener("focusout", (event) => {
  left.add(event.target);
  setTimeout(lookAgain); // a finger's press has lost the field its focus before it becomes a click
});
document.addEventListener("pointerdown", () => {
  pressing = true;
}, true);
for (const over of ["pointerup", "pointercancel"]) {
  document.addEventListener(over, () => {
    pressing = false;
    setTimeout(lookAgain); // after the click
  }, true);
}

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-submit-on-change]");
  if (form) form.requestSubmit();
});

/* On a narrow screen the filters are folded away unless one is set. */
if (window.matchMedia("(max-width: 760px)").matches) {
  for (const fold of document.querySelectorAll("details.facets-fold")) fold.open = false;
}
