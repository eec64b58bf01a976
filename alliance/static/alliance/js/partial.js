/* htmx: the CSRF header, what to say when a request fails, where the focus goes after a swap, progress said aloud. */

function csrfToken() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return document.querySelector("meta[name=csrf-token]")?.content || (cookie ? cookie.slice("csrftoken=".length) : "");
}

function toast(text) {
  document.dispatchEvent(new CustomEvent("alliance:toast", { detail: { text } }));
}

function say(text) {
  const voice = document.getElementById("announcer");
  if (voice) voice.textContent = text;
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = csrfToken();
});

const words = document.getElementById("toasts")?.dataset ?? {};
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (!event.target.closest?.("[data-job-announce], .job")) toast(words.failed);
  });
}
document.addEventListener("htmx:responseError", (event) => {
  const answer = event.detail.xhr;
  let reason = "";
  if ((answer.getResponseHeader("Content-Type") || "").includes("json")) {
    try {
      const problem = JSON.parse(answer.responseText);
      reason = problem.detail || problem.title || "";
    } catch {
      reason = "";
    }
  }
  toast(reason || (answer.status >= 500 ? words.failed : words.refused));
});

/* After a swap the focus goes to the part that changed when it asks for it, and otherwise stays where it was. If its
   place is gone, it goes to the nearest heading instead of falling back to the top of the page. */
let lastFocus = "";
document.addEventListener("htmx:beforeSwap", () => {
  lastFocus = document.activeElement?.id ?? "";
});
document.addEventListener("htmx:afterSettle", (event) => {
  const changed = event.detail.elt ?? event.target;
  const wanted = changed.matches?.("[data-focus]") ? changed : changed.querySelector?.("[data-focus]");
  if (wanted) {
    if (!wanted.matches("a, button, input, select, textarea")) wanted.tabIndex = -1;
    wanted.focus();
  } else if (document.activeElement === document.body && lastFocus) {
    const again = document.getElementById(lastFocus) ?? changed.querySelector?.("h1, h2, h3");
    if (again) {
      if (!again.matches("a, button, input, select, textarea")) again.tabIndex = -1;
      again.focus({ preventScroll: true });
    }
  }
});

/* Progress of jobs: said at 25, 50, 75 and 100 per cent, once each. */
const reached = new Map();
function listen(aloud) {
  for (const job of document.querySelectorAll("[data-job-announce]")) {
    const quarter = Math.floor(Number(job.dataset.jobAnnounce) / 25);
    const now = job.dataset.jobOver === "true" ? "over" : quarter;
    if (aloud && now !== 0 && now !== reached.get(job.dataset.job)) say(job.textContent.trim());
    reached.set(job.dataset.job, now);
  }
}
// What stands on the page when it opens is read with the page; only changes are announced.
listen(false);
document.addEventListener("htmx:afterSettle", () => listen(true));
