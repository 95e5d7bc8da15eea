// Logs in with a passkey, or makes one: <button data-passkey="get|create" data-begin="PATH" data-says="ID"> in a form with
// a hidden field `credential`; what has [data-with-passkey] is shown where passkeys work, [data-without-passkey] where not.
const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const known = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

async function ask(kind, options) {
  if (kind === "get") {
    const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) };
    return navigator.credentials.get({ publicKey });
  }
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: known(options.excludeCredentials),
  };
  return navigator.credentials.create({ publicKey });
}

function shown(credential) {
  const { response } = credential;
  const parts = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    parts.attestationObject = text(response.attestationObject);
    parts.transports = response.getTransports ? response.getTransports() : [];
  } else {
    parts.authenticatorData = text(response.authenticatorData);
    parts.signature = text(response.signature);
    parts.userHandle = response.userHandle ? text(response.userHandle) : null;
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: parts,
  });
}

async function run(button, says) {
  const form = button.form;
  const body = new URLSearchParams(new FormData(form));
  for (const field of form.querySelectorAll("[type=password]")) body.delete(field.name);
  const begun = await fetch(button.dataset.begin, { method: "POST", body, headers: { accept: "application/json" } });
  const answer = await begun.json().catch(() => ({}));
  if (answer.location) {
    location.assign(answer.location);
  } else if (!begun.ok || !answer.challenge) {
    says(answer.says || button.dataset.failed);
  } else {
    form.elements.credential.value = shown(await ask(button.dataset.passkey, answer));
    form.submit();
  }
}

if (window.PublicKeyCredential && window.isSecureContext) {
  for (const element of document.querySelectorAll("[data-with-passkey]")) element.hidden = false;
  for (const element of document.querySelectorAll("[data-without-passkey]")) element.hidden = true;
  for (const button of document.querySelectorAll("button[data-passkey]")) {
    const place = document.getElementById(button.dataset.says);
    const says = (words) => { place.textContent = words; place.hidden = !words; };
    button.addEventListener("click", () => {
      says("");
      button.disabled = true;
      run(button, says)
        .catch((error) => says(error.name === "InvalidStateError" ? button.dataset.known : button.dataset.cancelled))
        .finally(() => { button.disabled = false; });
    });
  }
}
