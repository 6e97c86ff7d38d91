// Passkeys: asks our server what to sign, the browser for the signature, and hands it back.
"use strict";

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// What the server asks is JSON; the browser wants bytes where the JSON has text.
function decoded(asked) {
  const found = { ...asked, challenge: toBytes(asked.challenge) };
  if (asked.user) found.user = { ...asked.user, id: toBytes(asked.user.id) };
  for (const list of ["excludeCredentials", "allowCredentials"]) {
    if (asked[list]) found[list] = asked[list].map((each) => ({ ...each, id: toBytes(each.id) }));
  }
  return found;
}

function encoded(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  return { id: credential.id, rawId: toText(credential.rawId), type: credential.type, response };
}

for (const place of window.PublicKeyCredential ? document.querySelectorAll("[data-passkey]") : []) {
  const button = place.querySelector("button");
  const complaint = place.querySelector("[role=alert]");
  const post = async (address, body) => {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": place.dataset.token, "X-Requested-With": "fetch" };
    const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error || place.dataset.failed, { cause: "said" });
    return said;
  };
  place.hidden = false;
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    complaint.textContent = "";
    button.setAttribute("aria-disabled", "true");  // disabled, it would lose the focus
    try {
      const publicKey = decoded(await post(place.dataset.question, {}));
      const credential = await navigator.credentials[place.dataset.passkey]({ publicKey });
      const name = place.querySelector("[data-name]")?.value || "";
      location.assign((await post(place.dataset.answer, { ...encoded(credential), ...(name ? { name } : {}) })).go);
    } catch (problem) {
      complaint.textContent = problem.cause === "said" ? problem.message : place.dataset.failed;
      button.removeAttribute("aria-disabled");
    }
  });
}
