/* Dragging cards between stages, by pointer or by keys: arrow keys walk over the cards, the space bar picks the card in focus up,
   arrow keys choose a stage, Enter or space drops it, Escape puts it back; each is announced in the words of the board's data-…
   attributes. Every card also has a Move button that leads to a page, so nothing depends on this.
   Answer of the server to POST card=…&to=…: 204 or a redirect to the board (done), a redirect to another page (the step
   needs more answers), or a problem with a reason (refused; the card goes back). */

let dragged = null;
let picked = null;

const voice = document.createElement("div");
voice.className = "visually-hidden";
voice.setAttribute("role", "status");
voice.setAttribute("aria-live", "polite");
document.body.append(voice);

function stageName(column) {
  return column?.querySelector(".stage-name")?.textContent.trim() ?? "";
}

/* Speaks one of the board's sentences with the card's title and a stage's name put in. */
function say(board, which, card, column) {
  const words = board?.dataset[which];
  if (words) voice.textContent = words.replace("{card}", card?.dataset.title ?? "").replace("{stage}", stageName(column));
}

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
    const dropped = board.querySelector(`[data-card="${CSS.escape(card)}"]`);
    say(board, "moved", dropped, board.querySelector(`[data-stage="${CSS.escape(stage)}"]`));
    await redraw(board, answer.redirected ? await answer.text() : null);
    document.querySelector(`[data-card="${CSS.escape(card)}"] a`)?.focus();
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

/* ---- the same by keys */

function columnsOf(board) {
  return [...board.querySelectorAll("[data-stage]")];
}

function mark(column) {
  clearMarks();
  column?.classList.add("drop-here");
  column?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function walk(card, key) {
  const column = card.closest("[data-stage]");
  const board = column.closest("[data-board]");
  const cards = [...column.querySelectorAll("[data-card]")];
  const at = cards.indexOf(card);
  let next = null;
  if (key === "ArrowDown") next = cards[at + 1];
  else if (key === "ArrowUp") next = cards[at - 1];
  else {
    const all = columnsOf(board);
    const step = key === "ArrowRight" ? 1 : -1;
    for (let place = all.indexOf(column) + step; place >= 0 && place < all.length && !next; place += step) {
      const others = all[place].querySelectorAll("[data-card]");
      next = others[Math.min(at, others.length - 1)] ?? null;
    }
  }
  next?.querySelector("a")?.focus();
  return Boolean(next);
}

function pickUp(card) {
  const column = card.closest("[data-stage]");
  picked = { card, column, board: column.closest("[data-board]") };
  card.classList.add("picked");
  mark(column);
  say(picked.board, "picked", card, column);
}

function putBack(speak) {
  if (!picked) return;
  picked.card.classList.remove("picked");
  if (speak) say(picked.board, "putBack", picked.card, picked.column);
  picked = null;
  clearMarks();
}

function choose(key) {
  const all = columnsOf(picked.board);
  const at = all.indexOf(picked.column) + (key === "ArrowRight" ? 1 : -1);
  if (at < 0 || at >= all.length) return;
  picked.column = all[at];
  mark(picked.column);
  say(picked.board, "over", picked.card, picked.column);
}

function drop() {
  const { card, column, board } = picked;
  putBack(false);
  if (column.contains(card)) return;
  move(board, card.dataset.card, column.dataset.stage).catch(() => toast(document.getElementById("toasts")?.dataset.failed));
}

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.("[data-board] [data-card]");
  if (!card || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const onTitle = event.target.matches("h3 a");
  const isArrow = event.key.startsWith("Arrow");
  if (picked) {
    if (event.key === "Escape") putBack(true);
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") choose(event.key);
    else if (event.key === "Enter" || event.key === " ") drop();
    else if (!isArrow) return;
  } else if (event.key === " " && onTitle) pickUp(card);
  else if (!isArrow || !walk(card, event.key)) return;
  event.preventDefault();
  event.stopPropagation();
});

document.addEventListener("focusout", (event) => {
  if (picked && !picked.card.contains(event.relatedTarget)) putBack(false);
});
