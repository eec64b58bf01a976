/* Dragging cards between stages. Each card also has a Move button that leads to a page, so nothing depends on this.
   Answer of the server to POST card=…&to=…: 204 or a redirect to the board (done), a redirect to another page (the step
   needs more answers), or a problem with a reason (refused; the card goes back). */

let dragged = null;

function csrfToken() {
  return document.querySelector("meta[name=csrf-token]")?.content ?? "";
}

function toast(text) {
  document.dispatchEvent(new CustomEvent("alliance:toast", { detail: { text } }));
}

async function redraw(board, text) {
  const html = text ?? await (await fetch(window.location.href, { credentials: "same-origin" })).text();
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-board]");
  if (!fresh) {
    window.location.reload();
    return;
  }
  board.replaceWith(document.adoptNode(fresh));
  window.htmx?.process(fresh);
}

async function move(board, card, stage) {
  const body = new URLSearchParams({ card, to: stage });
  const answer = await fetch(board.dataset.board, {
    method: "POST",
    body,
    credentials: "same-origin",
    headers: { "X-CSRFToken": csrfToken(), Accept: "application/problem+json, text/html;q=0.9" },
  });
  const words = document.getElementById("toasts")?.dataset ?? {};
  if (answer.redirected && new URL(answer.url).pathname !== window.location.pathname) {
    window.location.assign(answer.url);
    return;
  }
  if (answer.ok) {
    await redraw(board, answer.redirected ? await answer.text() : null);
    return;
  }
  let reason = "";
  if ((answer.headers.get("Content-Type") || "").includes("json")) {
    const problem = await answer.json();
    reason = problem.detail || problem.title;
  }
  toast(reason || (answer.status >= 500 ? words.failed : words.refused));
}

document.addEventListener("dragstart", (event) => {
  const card = event.target.closest?.("[data-card]");
  if (!card) return;
  dragged = card;
  card.classList.add("dragging");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", card.dataset.card);
});

function clearMarks() {
  document.querySelectorAll(".drop-here").forEach((column) => column.classList.remove("drop-here"));
}

document.addEventListener("dragend", () => {
  dragged?.classList.remove("dragging");
  dragged = null;
  clearMarks();
});

document.addEventListener("dragover", (event) => {
  const column = event.target.closest?.("[data-stage]");
  if (!dragged || !column || column.contains(dragged)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
  if (!column.classList.contains("drop-here")) {
    clearMarks();
    column.classList.add("drop-here");
  }
});

document.addEventListener("drop", (event) => {
  const column = event.target.closest?.("[data-stage]");
  const board = column?.closest("[data-board]");
  if (!dragged || !board || column.contains(dragged)) return;
  event.preventDefault();
  const code = dragged.dataset.card;
  clearMarks();
  move(board, code, column.dataset.stage).catch(() => toast(document.getElementById("toasts")?.dataset.failed));
});
