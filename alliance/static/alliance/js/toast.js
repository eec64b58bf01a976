/* Toasts: stay ten seconds, longer while they hold the focus or the pointer. Other modules ask for one by the event
   "alliance:toast" with { text, tone } as its detail. */

const place = document.getElementById("toasts");

function arm(toast) {
  if (toast.dataset.armed) return;
  toast.dataset.armed = "1";
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = place.dataset.close;
  close.addEventListener("click", () => toast.remove());
  toast.append(close);
  let timer;
  const stop = () => clearTimeout(timer);
  const start = () => {
    stop();
    timer = setTimeout(() => toast.remove(), Number(toast.dataset.toast || 10) * 1000);
  };
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", start);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  start();
}

if (place) {
  const look = () => place.querySelectorAll("[data-toast]").forEach(arm);
  new MutationObserver(look).observe(place, { childList: true });
  look();
  document.addEventListener("alliance:toast", (event) => {
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.dataset.toast = "10";
    const text = document.createElement("p");
    text.textContent = event.detail.text;
    toast.append(text);
    place.append(toast);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const toast = event.target.closest?.("[data-toast]");
    if (toast && event.detail.successful) toast.remove();
  });
}
