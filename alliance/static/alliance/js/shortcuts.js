/* Keyboard of the console. Letters act only outside fields, with no other key held, and can be switched off. A control
   says which letter presses it by data-key; the goal of "g" and a letter is the entry of the side bar with that name. */

const STORE = "alliance.shortcuts";
const GOALS = {
  d: ["dashboard"],
  i: ["institutions"],
  p: ["pilots", "products"],
  s: ["supply_demand", "listings", "matching"],
  c: ["contracts"],
  e: ["evaluation", "rounds"],
  f: ["funds", "ledger"],
};

const panel = document.getElementById("shortcuts");
const switchBox = panel?.querySelector("[data-shortcuts-switch]");

function stored() {
  try {
    return window.localStorage.getItem(STORE);
  } catch {
    return null;
  }
}

let lettersOn = (stored() ?? panel?.dataset.shortcuts ?? "on") !== "off";
if (switchBox) {
  switchBox.checked = lettersOn;
  switchBox.addEventListener("change", () => {
    lettersOn = switchBox.checked;
    try {
      window.localStorage.setItem(STORE, lettersOn ? "on" : "off");
    } catch {
      // Without storage the choice holds for this page only.
    }
  });
}

function inField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select"));
}

function rows() {
  return [...document.querySelectorAll("[data-rows] tbody tr, [data-row]")].filter((row) => row.offsetParent !== null);
}

function presentRow() {
  return document.querySelector(".at-row");
}

function goToRow(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(presentRow());
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))];
  presentRow()?.classList.remove("at-row");
  next.classList.add("at-row");
  const target = next.querySelector("a.row-link, a[href], button, input");
  (target ?? next).focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function press(letter) {
  const near = (document.activeElement?.closest("[data-row], tr, article, li") ?? presentRow())?.querySelector(`[data-key="${letter}"]`);
  const control = near ?? document.querySelector(`main [data-key="${letter}"]`);
  if (!control) return false;
  control.click();
  return true;
}

function jump() {
  const box = document.getElementById("jump");
  if (!box) return false;
  box.focus();
  box.select();
  return true;
}

function undo() {
  const buttons = document.querySelectorAll("#toasts [data-undo]");
  if (!buttons.length) return false;
  buttons[buttons.length - 1].click();
  return true;
}

let waitingForGoal = 0;
function go(letter) {
  const link = GOALS[letter]?.map((name) => document.querySelector(`[data-nav="${name}"]`)).find(Boolean);
  if (!link) return false;
  link.click();
  return true;
}

function selectRow() {
  const box = (presentRow() ?? document.activeElement?.closest("tr"))?.querySelector("input[data-select-row]");
  if (!box) return false;
  box.checked = !box.checked;
  document.dispatchEvent(new CustomEvent("alliance:chosen"));
  return true;
}

const ACTS = {
  "/": jump,
  "?": () => panel && (panel.togglePopover(), true),
  j: () => goToRow(1),
  k: () => goToRow(-1),
  x: selectRow,
  z: undo,
  n: () => press("n"),
  e: () => press("e"),
  a: () => press("a"),
  d: () => press("d"),
  m: () => press("m"),
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
    if (jump()) event.preventDefault();
    return;
  }
  if (event.key === "Escape" && !document.querySelector("dialog[open], :popover-open") && !inField(event.target)) {
    presentRow()?.classList.remove("at-row");
    document.dispatchEvent(new CustomEvent("alliance:clear"));
    return;
  }
  if (!lettersOn || event.ctrlKey || event.metaKey || event.altKey || inField(event.target) || document.querySelector("dialog[open]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : "";
  if (!key) return;
  if (waitingForGoal && Date.now() - waitingForGoal < 1500) {
    waitingForGoal = 0;
    if (go(key)) event.preventDefault();
    return;
  }
  if (key === "g") {
    waitingForGoal = Date.now();
    return;
  }
  if (ACTS[key]?.()) event.preventDefault();
});
