/* The ballot: makes the receipt code here, so that the server cannot give two voters the same one. 128 bits, in hex. */

const field = document.querySelector("[data-ballot-code]");
if (field && window.crypto && crypto.getRandomValues) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  field.value = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  document.querySelectorAll("[data-ballot-script]").forEach((words) => {
    words.hidden = false;
  });
}

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
