/* Signing out takes from this device what pages kept for the time without network: their shells and the forms of the workbook.
   Entries that were not sent yet stay, unseen, for the person who wrote them: they are that person's only copy. */

async function forget() {
  const work = [];
  if ("caches" in window) work.push(caches.keys().then((names) => Promise.all(names.map((name) => caches.delete(name)))));
  if ("serviceWorker" in navigator) {
    work.push(navigator.serviceWorker.getRegistrations().then((all) => Promise.all(all.map((one) => one.unregister()))));
  }
  if (indexedDB.databases) {
    const known = await indexedDB.databases();
    if (known.some((database) => database.name === "alliance-workbook")) work.push(forgetBooks());
  }
  await Promise.allSettled(work);
}

function forgetBooks() {
  return new Promise((resolve) => {
    const request = indexedDB.open("alliance-workbook");
    request.onerror = resolve;
    request.onsuccess = () => {
      const database = request.result;
      if (!database.objectStoreNames.contains("books")) {
        database.close();
        resolve();
        return;
      }
      const transaction = database.transaction(["books", "entries"], "readwrite");
      transaction.objectStore("books").clear();
      const entries = transaction.objectStore("entries").openCursor();
      entries.onsuccess = () => {
        const cursor = entries.result;
        if (!cursor) return;
        if (cursor.value.state === "sent") cursor.delete();
        cursor.continue();
      };
      transaction.oncomplete = transaction.onabort = () => {
        database.close();
        resolve();
      };
    };
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches("form[data-sign-out]") || form.dataset.forgotten) return;
  event.preventDefault();
  form.dataset.forgotten = "1";
  const leave = () => HTMLFormElement.prototype.submit.call(form);
  Promise.race([forget().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 3000))]).then(leave);
});
