/* Choosing rows: one box for the page, ranges with Shift, a bar that says how many. All results of a search are a second,
   explicit step. */

function rowsOf(bar) {
  const form = bar.closest("form") ?? bar.parentElement;
  return { form, boxes: [...form.querySelectorAll("input[data-select-row]")] };
}

function update(bar) {
  const { form, boxes } = rowsOf(bar);
  const chosen = boxes.filter((box) => box.checked);
  const count = bar.querySelector("[data-bulk-count]");
  count.dataset.idle ||= count.textContent;
  count.textContent = chosen.length === 0
    ? count.dataset.idle
    : chosen.length === 1 ? bar.dataset.bulkOne : bar.dataset.bulkMany.replace("{n}", String(chosen.length));
  const every = form.querySelector("input[data-select-all]");
  if (every) {
    every.checked = boxes.length > 0 && chosen.length === boxes.length;
    every.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
  }
  const allResults = bar.querySelector("[data-bulk-all]");
  if (allResults) {
    allResults.hidden = chosen.length < boxes.length || boxes.length === 0;
    if (allResults.hidden) allResults.querySelector("input").checked = false;
  }
  bar.querySelector("[data-bulk-clear]").hidden = chosen.length === 0;
  for (const box of boxes) box.closest("tr")?.classList.toggle("selected", box.checked);
}

/* Long tables keep their head in view where they fit the page's width; else they scroll sideways in themselves. */
function letFlow() {
  for (const wrap of document.querySelectorAll(".table-wrap:has(> table.sticky)")) {
    wrap.classList.remove("flows");
    wrap.classList.toggle("flows", wrap.scrollWidth <= wrap.clientWidth);
  }
}
letFlow();
window.addEventListener("resize", letFlow);
document.addEventListener("htmx:afterSettle", letFlow);

let lastBox = null;
document.addEventListener("click", (event) => {
  const box = event.target.closest?.("input[data-select-row]");
  if (box) {
    const bar = box.closest("form")?.querySelector("[data-bulk]");
    if (event.shiftKey && lastBox && bar) {
      const { boxes } = rowsOf(bar);
      const [from, to] = [boxes.indexOf(lastBox), boxes.indexOf(box)].sort((a, b) => a - b);
      if (from >= 0) boxes.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
    }
    lastBox = box;
    if (bar) update(bar);
  }
  const clear = event.target.closest?.("[data-bulk-clear]");
  if (clear) clearChoice(clear.closest("[data-bulk]"));
});

document.addEventListener("change", (event) => {
  const every = event.target.closest?.("input[data-select-all]");
  const bar = every?.closest("form")?.querySelector("[data-bulk]");
  if (!bar) return;
  rowsOf(bar).boxes.forEach((box) => { box.checked = every.checked; });
  update(bar);
});

function clearChoice(bar) {
  rowsOf(bar).boxes.forEach((box) => { box.checked = false; });
  update(bar);
}

document.addEventListener("alliance:clear", () => document.querySelectorAll("[data-bulk]").forEach(clearChoice));
document.addEventListener("alliance:chosen", () => document.querySelectorAll("[data-bulk]").forEach(update));
const start = () => document.querySelectorAll("[data-bulk]").forEach(update);
start();
document.addEventListener("htmx:afterSettle", start);
window.addEventListener("pageshow", start);
