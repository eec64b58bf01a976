/* The workbook of a pilot site. Every entry is kept on this device first and sent as soon as there is network: in the order
   written, once, under a key made here, so that an entry whose answer was lost can be sent again without being counted twice.
   Without this module, or without a store in the browser, the page's forms are sent the ordinary way.

   Words stand in the template; this module shows them. What it keeps: "entries", the queue, which only sending or the person
   empties; "books", the forms of the page for the time without network, which signing out empties (sign-out.js). */

const DATABASE = "alliance-workbook";
const KEPT_DAYS = 7;
const LONGEST_WAIT_SECONDS = 300;
const SEND_TIMEOUT_SECONDS = 120;
const ASK_TIMEOUT_SECONDS = 15;

// ------------------------------------------------------------------------------------------------------------- the store

let opened;

function openStore() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("entries", { keyPath: "seq", autoIncrement: true }).createIndex("key", "key", { unique: true });
      request.result.createObjectStore("books", { keyPath: "place" });
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
  opened.catch(() => {
    opened = undefined;
  });
  return opened;
}

/* Runs `act` on a store; resolves once it is on the disk, not when it was asked for. */
async function within(name, mode, act) {
  const database = await openStore();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(name, mode, { durability: "strict" });
    const request = act(transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
  });
}

const readEntries = async (place) => (await within("entries", "readonly", (store) => store.getAll())).filter((entry) => entry.place === place);
const keepEntry = (entry) => within("entries", "readwrite", (store) => store.put(entry));
const dropEntry = (seq) => within("entries", "readwrite", (store) => store.delete(seq));
const readBook = (place) => within("books", "readonly", (store) => store.get(place));
const keepBook = (book) => within("books", "readwrite", (store) => store.put(book));

/* The new entry and the end of the one it stands for are one step: never both, never neither. */
function replaceEntry(entry, before) {
  return within("entries", "readwrite", (store) => {
    if (before !== undefined) store.delete(before);
    return store.add(entry);
  });
}

function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

// -------------------------------------------------------------------------------------------------------------- the page

async function start(root) {
  const place = new URL(root.dataset.url, location.href).pathname;
  const isShell = root.hasAttribute("data-shell");
  const forms = root.querySelector("[data-workbook-forms]");
  const local = root.querySelector("[data-workbook-local]");
  const list = root.querySelector("[data-workbook-list]");
  const status = root.querySelector("[data-workbook-status]");
  const signIn = root.querySelector("[data-workbook-sign-in]");
  const others = root.querySelector("[data-workbook-others]");
  const row = root.querySelector("template[data-workbook-row]");
  const words = {};
  for (const word of root.querySelector("template[data-workbook-words]").content.querySelectorAll("[data-word]")) {
    words[word.dataset.word] = word.textContent;
  }
  const tell = "BroadcastChannel" in window ? new BroadcastChannel("alliance-workbook") : null;
  let owner = root.dataset.owner ?? "";
  let sending = null;
  let timer = 0;
  let tries = 0;
  let unreachable = false;

  function say(text) {
    if (status.textContent !== text) status.textContent = text;
  }

  function when(moment) {
    // As the pages write moments: the day first in English, 24 hours.
    const language = document.documentElement.lang.startsWith("en") ? "en-GB" : document.documentElement.lang;
    return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(new Date(moment));
  }

  // -- drawing

  function drawEntry(entry) {
    const item = row.content.firstElementChild.cloneNode(true);
    const state = entry.state === "stored" && entry.seq === sending ? "sending" : entry.state;
    item.dataset.state = state;
    item.dataset.key = entry.key;
    const part = (name) => item.querySelector(`[data-part=${name}]`);
    part("kind").textContent = entry.label;
    part("summary").textContent = entry.summary;
    part("when").textContent = when(entry.noted_at);
    part("state").textContent = words[state];
    part("state").classList.add(state === "sent" ? "ok" : state === "refused" ? "bad" : "warn");
    part("reason").textContent = entry.reason ?? "";
    part("reason").hidden = state !== "refused";
    part("acts").hidden = state !== "refused";
    item.querySelector("[data-act=edit]").addEventListener("click", () => edit(entry));
    item.querySelector("[data-act=again]").addEventListener("click", () => sendAgain(entry));
    const drop = item.querySelector("[data-act=drop]");
    drop.addEventListener("click", async () => {
      if (!drop.dataset.sure) {
        drop.dataset.sure = "1";
        drop.textContent = words.sure;
        return;
      }
      await dropEntry(entry.seq);
      await changed();
      status.focus();
    });
    return item;
  }

  let drawn = "";
  async function draw() {
    const entries = await readEntries(place);
    const mine = entries.filter((entry) => entry.owner === owner);
    const picture = JSON.stringify(mine.map((entry) => [entry.seq, entry.state, entry.reason, entry.seq === sending]));
    if (picture !== drawn) {
      // Drawn anew only when something changed, so that the focus stays where it is.
      list.replaceChildren(...[...mine].reverse().map(drawEntry));
      drawn = picture;
    }
    local.hidden = mine.length === 0;
    others.hidden = entries.every((entry) => entry.owner === owner || entry.state === "sent");
    const waiting = mine.filter((entry) => entry.state === "stored").length;
    const refused = mine.filter((entry) => entry.state === "refused").length;
    if (sending !== null) say(words["now-sending"]);
    else if (waiting && !signIn.hidden) say(`${words["signed-out"]} ${words.waits.replace("{n}", waiting)}`);
    else if (waiting) say((unreachable || !navigator.onLine ? words["waits-offline"] : words.waits).replace("{n}", waiting));
    else if (refused) say(words["some-refused"].replace("{n}", refused));
    else if (isShell || !navigator.onLine) say(words.offline);
    else if (mine.some((entry) => entry.state === "sent")) say(words["all-sent"]);
    else say("");
  }

  async function changed() {
    await draw();
    tell?.postMessage(place);
  }
  if (tell) tell.onmessage = (event) => event.data === place && draw();

  // -- writing

  function fieldOf(control) {
    return control.closest(".field") ?? control.parentElement;
  }

  function clearErrors(form) {
    form.querySelectorAll("[data-workbook-error]").forEach((error) => error.remove());
    form.querySelectorAll(".field.invalid").forEach((field) => field.classList.remove("invalid"));
    form.querySelectorAll("[aria-invalid]").forEach((control) => control.removeAttribute("aria-invalid"));
  }

  function isComplete(form, keepsFiles) {
    clearErrors(form);
    const seen = new Set();
    let first = null;
    for (const control of form.elements) {
      if (!control.willValidate || control.validity.valid || (control.type === "file" && keepsFiles)) continue;
      control.setAttribute("aria-invalid", "true");
      const field = fieldOf(control);
      if (seen.has(field)) continue;
      seen.add(field);
      field.classList.add("invalid");
      const error = document.createElement("p");
      error.className = "field-error";
      error.dataset.workbookError = "";
      error.id = `${control.id || control.name}-missing`;
      error.textContent = control.validity.valueMissing ? words.missing : words.wrong;
      control.setAttribute("aria-describedby", error.id);
      field.prepend(error);
      first ??= control;
    }
    first?.focus();
    return first === null;
  }

  function summarise(form) {
    const parts = [];
    for (const control of form.elements) {
      if (control.type === "hidden" || control.matches("button, fieldset")) continue;
      if (control.type === "file") parts.push(...[...control.files].map((file) => file.name));
      else if (control.type === "radio") {
        if (control.checked) parts.push(control.closest("label")?.textContent.trim() || control.value);
      } else if (control.tagName === "SELECT") parts.push(control.selectedOptions[0]?.textContent.trim() ?? "");
      else if (control.value) parts.push(control.value);
    }
    const text = parts.filter(Boolean).join(" · ");
    return text.length > 200 ? `${text.slice(0, 199)}…` : text;
  }

  /* Takes the form's content and empties it at once, so that the next entry can be typed while this one goes to the disk. */
  async function write(form) {
    if (!isComplete(form, Boolean(form.dataset.keepsFiles))) return;
    const replaces = form.dataset.replaces;
    const summary = summarise(form);
    const noted = new Date().toISOString();
    const content = [...new FormData(form)].filter(([name]) => !["csrfmiddlewaretoken", "key", "noted_at"].includes(name));
    empty(form);
    const entry = {
      key: newKey(), place, owner, fields: content.filter(([, value]) => !(value instanceof File)), files: [], summary,
      kind: form.dataset.kind, label: form.dataset.label, noted_at: noted, state: "stored", reason: "",
    };
    try {
      for (const [name, value] of content) {
        // As bytes: a file that is only pointed to may be gone from the phone when the network is back.
        if (value instanceof File && (value.size || value.name)) entry.files.push([name, value.name, value.type, await value.arrayBuffer()]);
      }
      const before = replaces ? (await readEntries(place)).find((kept) => String(kept.seq) === replaces) : undefined;
      if (before?.files.length && !entry.files.length) {
        entry.files = before.files;
        entry.summary = [...before.files.map((file) => file[1]), summary].filter(Boolean).join(" · ");
      }
      await replaceEntry(entry, before?.seq);
    } catch {
      // No room, or a browser that keeps nothing: what was typed goes the ordinary way, and stays in the form without network.
      fill(form, content);
      if (replaces) form.dataset.replaces = replaces;
      if (navigator.onLine && !isShell) HTMLFormElement.prototype.submit.call(form);
      else say(words["no-room"]);
      return;
    }
    navigator.storage?.persist?.();
    await changed();
    say(words.kept);
    if (!form.contains(document.activeElement) || document.activeElement.matches("button")) {
      (form.closest("details")?.querySelector("summary") ?? status).focus();
    }
    send();
  }

  function empty(form) {
    delete form.dataset.replaces;
    delete form.dataset.keepsFiles;
    form.reset();
    today(form);
  }

  function fill(form, content) {
    for (const [name, value] of content) {
      const control = form.elements.namedItem(name);
      if (value instanceof File) {
        if (!value.name || !control) continue;
        const picked = new DataTransfer();
        picked.items.add(value);
        control.files = picked.files;
      } else if (control && control.type !== "hidden") control.value = value;
    }
  }

  function today(within) {
    const now = new Date();
    const day = `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}-${String(now.getDate()).padStart(2, "0")}`;
    for (const control of within.querySelectorAll("input[type=date]")) control.value = day;
  }

  function edit(entry) {
    const form = forms.querySelector(`form[data-kind="${CSS.escape(entry.kind)}"]`);
    if (!form) return say(words["no-form"]);
    form.reset();
    clearErrors(form);
    fill(form, entry.fields);
    form.dataset.replaces = entry.seq;
    if (entry.files.length) form.dataset.keepsFiles = "1";
    form.closest("details").open = true;
    [...form.elements].find((control) => control.willValidate && control.type !== "hidden" && !control.matches("button"))?.focus();
    return undefined;
  }

  async function sendAgain(entry) {
    const { seq, ...rest } = entry;
    // What the round does not take is refused by the round it was written for; sent again it is meant for the present one.
    const round = forms.querySelector("input[name=round]")?.value;
    const fields = rest.fields.map(([name, value]) => [name, name === "round" && round ? round : value]);
    await replaceEntry({ ...rest, fields, key: newKey(), state: "stored", reason: "" }, seq);
    await changed();
    send();
  }

  root.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-kind]");
    if (!form) return;
    event.preventDefault();
    // The second press of a double one finds the form emptied already.
    if (form.dataset.writing && !form.checkValidity()) return;
    form.dataset.writing = "1";
    write(form).finally(() => delete form.dataset.writing);
  });

  // -- sending

  async function ask() {
    let answer;
    try {
      answer = await fetch(root.dataset.stateUrl, {
        headers: { Accept: "application/json" }, redirect: "manual", cache: "no-store", credentials: "same-origin",
        signal: AbortSignal.timeout(ASK_TIMEOUT_SECONDS * 1000),
      });
      if (answer.type === "opaqueredirect" || [401, 403].includes(answer.status)) return { outcome: "sign-in" };
      if (!answer.ok) return { outcome: "trouble" };
      const state = await answer.json();
      return state.token && state.owner ? { outcome: "known", ...state } : { outcome: "trouble" };
    } catch {
      return { outcome: "trouble" };
    }
  }

  /* One attempt. Only a clear word of the platform itself ends an entry; anything else means it is tried again. */
  async function deliver(entry, token) {
    const body = new FormData();
    for (const [name, value] of entry.fields) body.append(name, value);
    for (const [name, filename, type, bytes] of entry.files) body.append(name, new File([bytes], filename, { type }));
    body.set("key", entry.key);
    body.set("noted_at", entry.noted_at);
    let answer;
    let told = null;
    try {
      answer = await fetch(root.dataset.url, {
        method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token }, redirect: "manual",
        cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(SEND_TIMEOUT_SECONDS * 1000),
      });
      if (answer.type === "opaqueredirect" || answer.status === 401) return { outcome: "sign-in" };
      if (/\bjson\b/.test(answer.headers.get("Content-Type") ?? "")) told = await answer.json();
    } catch {
      return { outcome: "trouble" };
    }
    if (answer.ok) return told?.key === entry.key ? { outcome: "sent" } : { outcome: "trouble" };
    if (told?.code && answer.status >= 400 && answer.status < 500 && ![408, 425, 429].includes(answer.status)) {
      return { outcome: "refused", reason: [told.detail, told.remedy].filter(Boolean).join(" ") };
    }
    if (answer.status === 403) return { outcome: "token" };
    if ([400, 404, 405, 413, 414, 415].includes(answer.status)) return { outcome: "refused", reason: words["not-taken"] };
    return { outcome: "trouble" };
  }

  async function work() {
    const next = (who) => readEntries(place).then((entries) => entries.find((entry) => entry.state === "stored" && (!who || entry.owner === who)));
    if (!(await next())) return "done";
    let state = await ask();
    let renewed = false;
    for (;;) {
      if (state.outcome !== "known") return state.outcome;
      unreachable = false;
      const entry = await next(state.owner);
      if (!entry) return "done";
      sending = entry.seq;
      await draw();
      const { outcome, reason } = await deliver(entry, state.token);
      sending = null;
      if (outcome === "sent") {
        // The bytes have arrived; what stays is the line in the list.
        await keepEntry({ ...entry, state: "sent", files: [], sent_at: new Date().toISOString() });
      } else if (outcome === "refused") {
        await keepEntry({ ...entry, state: "refused", reason });
      } else if (outcome === "token" && !renewed) {
        renewed = true;
        state = await ask();
        continue;
      } else {
        return outcome === "token" ? "sign-in" : outcome;
      }
      renewed = false;
      tries = 0;
      await changed();
    }
  }

  async function send() {
    clearTimeout(timer);
    let outcome = "busy";
    try {
      // Two tabs would send the same entry at the same time; it would count once, but for nothing over a thin line.
      outcome = navigator.locks
        ? await navigator.locks.request(`alliance-workbook:${place}`, { ifAvailable: true }, (lock) => (lock ? work() : "busy"))
        : await work();
    } catch {
      outcome = "trouble";
    }
    sending = null;
    signIn.hidden = outcome !== "sign-in";
    unreachable = outcome === "trouble";
    if (outcome === "trouble" || outcome === "busy") {
      tries += 1;
      const seconds = outcome === "busy" ? 2 : Math.min(LONGEST_WAIT_SECONDS, 2 ** Math.min(tries, 9)) * (0.75 + Math.random() / 2);
      timer = setTimeout(send, seconds * 1000);
    }
    await draw().catch(() => {});
  }

  // -- beginning

  try {
    if (isShell) {
      const book = await readBook(place);
      root.querySelector("[data-workbook-empty]").hidden = Boolean(book);
      if (book) {
        owner = book.owner;
        document.querySelector("[data-workbook-title]").textContent = book.title;
        forms.replaceChildren(...new DOMParser().parseFromString(book.html, "text/html").body.childNodes);
        today(forms);
      }
    } else {
      const round = forms.querySelector("input[name=round]")?.value;
      for (const entry of await readEntries(place)) {
        // What the page itself lists as arrived, what is old, and what arrived in an earlier round needs no line of its own any more.
        const listed = root.querySelector(`[data-entry-key="${CSS.escape(entry.key)}"]`);
        const isOld = Date.now() - Date.parse(entry.noted_at) > KEPT_DAYS * 86400000;
        const isOver = round && entry.fields.some(([name, value]) => name === "round" && value !== round);
        if (entry.state === "sent" && (listed || isOld || isOver || entry.owner !== owner)) await dropEntry(entry.seq);
      }
      if (!root.hasAttribute("data-bound")) {
        const copy = forms.cloneNode(true);
        copy.querySelectorAll("input[name=csrfmiddlewaretoken], input[name=key]").forEach((field) => field.remove());
        await keepBook({ place, owner, title: root.dataset.title, html: copy.innerHTML, saved_at: new Date().toISOString() });
      }
      keepShell(root, place).catch(() => {});
    }
  } catch {
    return; // nothing can be kept here: the forms go the ordinary way
  }
  root.querySelectorAll("[data-workbook-script]").forEach((part) => {
    part.hidden = false;
  });
  window.addEventListener("online", send);
  window.addEventListener("offline", draw);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && send());
  window.addEventListener("pageshow", (event) => event.persisted && send());
  await draw();
  root.dataset.ready = ""; // what waits on this device is listed now
  send();
}

/* What opens without network: the empty page as a stranger sees it, and the style sheets and modules it names. */
async function keepShell(root, place) {
  if (!("serviceWorker" in navigator) || !("caches" in window)) return;
  await navigator.serviceWorker.register(root.dataset.workerUrl, { updateViaCache: "none" });
  const answer = await fetch(root.dataset.shellUrl, {
    credentials: "omit", cache: "no-store", headers: { "Accept-Language": document.documentElement.lang },
  });
  if (!answer.ok || answer.redirected) return;
  const shell = new DOMParser().parseFromString(await answer.clone().text(), "text/html");
  const parts = [...shell.querySelectorAll("link[rel=stylesheet][href], link[rel=icon][href], script[src]")].map(
    (part) => new URL(part.getAttribute("href") ?? part.getAttribute("src"), location.href).href,
  );
  const cache = await caches.open(`workbook:${place}`);
  await cache.addAll(parts);
  await cache.put(place, answer);
  const kept = new Set([...parts, new URL(place, location.href).href]);
  for (const request of await cache.keys()) {
    if (!kept.has(request.url)) await cache.delete(request);
  }
  root.dataset.offlineReady = "";
}

const root = document.querySelector("[data-workbook]");
if (root && "indexedDB" in window) {
  // From here on the module answers the forms; until it is ready a press is kept waiting by the browser, not lost.
  start(root);
}
