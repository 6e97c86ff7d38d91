// Trying a gateway's connection without leaving the form: what was typed stays, the password above all.
"use strict";

const form = document.querySelector("[data-gateway]");
const go = form?.querySelector("[data-try]");
if (go) {
  const place = form.querySelector("[data-outcome]");
  const tell = (words) => { const p = document.createElement("p"); p.textContent = words; place.replaceChildren(p); };
  go.addEventListener("click", async (event) => {
    event.preventDefault();
    if (go.getAttribute("aria-disabled") === "true") return;
    const sent = new FormData(form);
    sent.set("do", "try");
    go.setAttribute("aria-disabled", "true");
    tell(go.dataset.waiting);
    try {
      const answer = await fetch(location.href, { method: "POST", body: sent, headers: { "X-Requested-With": "fetch" } });
      if (!answer.ok) throw new Error(answer.status);
      place.innerHTML = await answer.text();
    } catch {
      tell(go.dataset.failed);
    }
    go.removeAttribute("aria-disabled");
  });
}
