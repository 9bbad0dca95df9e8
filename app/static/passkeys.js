// Passkeys on a page. A form says what is to be done and holds what the server must be told:
//
//   <form method="post" action="…" data-passkey="create" data-options="{…}" hidden>
//     <input type="hidden" name="challengeID"> <input type="hidden" name="webAuthnKeyID"> …
//     <button type="submit">Add a passkey</button>
//     <p data-passkey-problem role="alert" hidden>No passkey was made. …</p>
//   </form>
//
// data-passkey     "create" or "get": which method of navigator.credentials is called
// data-options     its publicKey options as JSON, bytes in base64url, with the server's challengeID; or the
//                  address, beginning with a slash, where they are to be had when they are needed
// data-autofill    (get) also offer the passkeys where the user name is typed
//
// Such a form is shown when this browser knows passkeys, and what is marked data-passkey-without is not. What
// the authenticator answers goes into the hidden inputs that the form has: challengeID, clientData, userHandle,
// and webAuthnKeyID, attestationObject (create) or webauthnKeyID, authenticatorData, signature (get). Then the
// form is sent.
(function () {
  "use strict";

  // A challenge counts for five minutes; a page that waits for a passkey fetches a new one before that.
  const FRESH = 4 * 60 * 1000;
  let waiting = null;
  let renewal = 0;

  function stopWaiting() {
    clearTimeout(renewal);
    if (waiting) waiting.abort();
    waiting = null;
  }

  function bytes(text) {
    const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(raw, (one) => one.charCodeAt(0));
  }

  function base64url(buffer) {
    const raw = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(raw).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  async function told(form) {
    const said = form.dataset.options;
    const options = said.startsWith("/") ? await (await fetch(said)).json() : JSON.parse(said);
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const list of [options.allowCredentials, options.excludeCredentials]) {
      for (const key of list || []) key.id = bytes(key.id);
    }
    return options;
  }

  function fill(form, challengeID, key) {
    const said = key.response;
    const values = {
      challengeID,
      clientData: base64url(said.clientDataJSON),
      webAuthnKeyID: key.id,
      webauthnKeyID: key.id,
      attestationObject: said.attestationObject && base64url(said.attestationObject),
      authenticatorData: said.authenticatorData && base64url(said.authenticatorData),
      signature: said.signature && base64url(said.signature),
      userHandle: said.userHandle && base64url(said.userHandle),
    };
    for (const input of form.querySelectorAll("input[type=hidden]")) {
      if (values[input.name]) input.value = values[input.name];
    }
  }

  async function perform(form, how) {
    const publicKey = await told(form);
    const key = await navigator.credentials[form.dataset.passkey]({ publicKey, ...how });
    fill(form, publicKey.challengeID, key);
    form.submit();
  }

  async function pressed(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const problem = form.querySelector("[data-passkey-problem]");
    const button = form.querySelector("button");
    stopWaiting();
    problem.hidden = true;
    button.disabled = true;
    try {
      await perform(form, {});
    } catch {
      // Cancelled, timed out, no such passkey: browsers do not tell them apart, so that sites cannot.
      problem.hidden = false;
      if ("autofill" in form.dataset) autofill(form);
    } finally {
      button.disabled = false;
    }
  }

  async function autofill(form) {
    const can = PublicKeyCredential.isConditionalMediationAvailable;
    if (!can || !(await can.call(PublicKeyCredential))) return;
    stopWaiting();
    waiting = new AbortController();
    renewal = setTimeout(autofill, FRESH, form);
    try {
      await perform(form, { mediation: "conditional", signal: waiting.signal });
    } catch {
      // Nobody chose one there. The button remains.
    }
  }

  if (window.PublicKeyCredential && window.isSecureContext) {
    for (const one of document.querySelectorAll("[data-passkey-without]")) one.hidden = true;
    for (const form of document.querySelectorAll("form[data-passkey]")) {
      form.addEventListener("submit", pressed);
      form.hidden = false;
      if ("autofill" in form.dataset) autofill(form);
    }
  }
})();
