/* Passkeys: asks the browser to make or to use one and posts the answer. Pages work without it, by password and code.

   A form with data-passkey="create", "use" or "sign-in" holds a hidden field named credential and a button marked
   data-passkey-button. The options come from a JSON element named in data-options, or for signing in from the form's own
   address, because they must be fresh. */

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

function toText(buffer) {
  let binary = "";
  for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const withBytes = (list) => list?.map((entry) => ({ ...entry, id: toBytes(entry.id) }));

function readOptions(options) {
  const publicKey = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) publicKey.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) publicKey.excludeCredentials = withBytes(options.excludeCredentials);
  if (options.allowCredentials) publicKey.allowCredentials = withBytes(options.allowCredentials);
  return publicKey;
}

function writeCredential(credential) {
  const answer = credential.response;
  const response = { clientDataJSON: toText(answer.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (answer[name]) response[name] = toText(answer[name]);
  }
  if (answer.getTransports) response.transports = answer.getTransports();
  return {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
    ...(credential.authenticatorAttachment ? { authenticatorAttachment: credential.authenticatorAttachment } : {}),
  };
}

async function fetchOptions(form) {
  if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`options: ${answer.status}`);
  return answer.json();
}

async function create(form) {
  const { creation_options: options } = await fetchOptions(form);
  const alone = form.elements.namedItem("passwordless")?.checked ?? false;
  options.publicKey.authenticatorSelection = {
    ...options.publicKey.authenticatorSelection,
    residentKey: alone ? "required" : "discouraged",
    requireResidentKey: alone,
    userVerification: alone ? "required" : "preferred",
  };
  return navigator.credentials.create({ publicKey: readOptions(options.publicKey) });
}

async function use(form) {
  const { request_options: options } = await fetchOptions(form);
  return navigator.credentials.get({ publicKey: readOptions(options.publicKey) });
}

function say(form, failed) {
  const place = form.querySelector("[data-passkey-failed]");
  if (place) place.hidden = !failed;
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("[data-passkey-button]");
  if (!window.PublicKeyCredential) {
    form.querySelector("[data-passkey-missing]")?.removeAttribute("hidden");
    continue;
  }
  form.querySelector("[data-passkey-ready]")?.removeAttribute("hidden");
  button.hidden = false;
  button.addEventListener("click", async () => {
    say(form, false);
    button.disabled = true;
    try {
      const credential = await (form.dataset.passkey === "create" ? create(form) : use(form));
      form.elements.namedItem("credential").value = JSON.stringify(writeCredential(credential));
      form.submit();
    } catch (error) {
      console.warn(error);
      say(form, true);
      button.disabled = false;
    }
  });
}
