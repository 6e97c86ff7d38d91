// The template editor: the server counts and previews while one types; buttons put in what it proposes.
"use strict";

const editor = document.querySelector("[data-preview]");
if (editor) {
  const fields = [...editor.querySelectorAll("textarea[data-variant]")];
  const field = (variant) => fields.find((each) => each.dataset.variant === variant);
  const person = editor.querySelector("[data-person]");
  const kind = editor.querySelector("[name=message_class]");
  const said = editor.querySelector("[data-said]");
  let timer = 0, saying = 0, asked = 0;

  // What grows above must not push the field somebody is typing in out of sight.
  const show = (result) => {
    const at = document.activeElement, stood = at.getBoundingClientRect().top;
    putIn(result);
    if (at.isConnected && at !== document.body) scrollBy(0, at.getBoundingClientRect().top - stood);
  };
  const putIn = (result) => {
    for (const place of editor.querySelectorAll("[data-result]")) {
      if (place.dataset.result in result) place.innerHTML = result[place.dataset.result];
    }
    for (const button of editor.querySelectorAll("[data-repair]")) {
      // A button that hides under somebody's fingers gives the focus back to the text.
      const gone = !(button.dataset.repair in result.repaired);
      if (gone && document.activeElement === button) field(button.dataset.repair).focus();
      button.hidden = gone;
    }
    // Said once somebody stops typing, not at every letter.
    clearTimeout(saying);
    saying = setTimeout(() => { if (said.textContent !== result.said) said.textContent = result.said; }, 1200);
  };
  const fail = (why) => {
    const p = document.createElement("p");
    p.className = "error";
    p.textContent = why;
    for (const each of fields) editor.querySelector(`[data-result="${each.dataset.variant}"]`).replaceChildren(p.cloneNode(true));
  };
  // The answer to what stood there when it was asked; only the latest is shown.
  const ask = async () => {
    const ticket = ++asked;
    const texts = Object.fromEntries(fields.map((each) => [each.dataset.variant, each.value]));
    try {
      const answer = await fetch(editor.dataset.preview, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": editor.querySelector("[name=csrf_token]").value, "X-Requested-With": "fetch" },
        body: JSON.stringify({ ...texts, person: person?.value || "", message_class: kind?.value || editor.dataset.class }),
      });
      const result = await answer.json();
      if (ticket === asked) (answer.ok ? show : (told) => fail(told.error))(result);
      return answer.ok ? { texts, result } : null;
    } catch {
      return null;  // the next key stroke asks again
    }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(ask, 300); };
  const put = (target, text) => { target.value = text; target.focus(); ask(); };

  for (const each of fields) each.addEventListener("input", soon);
  for (const choice of [person, kind]) choice?.addEventListener("change", ask);

  for (const chips of editor.querySelectorAll("[data-chips]")) chips.hidden = false;
  for (const chip of editor.querySelectorAll("[data-insert]")) {
    chip.addEventListener("click", () => {
      const into = field(chip.dataset.into);
      into.setRangeText(chip.dataset.insert, into.selectionStart, into.selectionEnd, "end");
      into.focus();
      soon();
    });
  }
  // What was asked about is replaced, never what was typed since.
  const replace = async (source, variant, proposed) => {
    const answered = await ask();
    if (!answered || field(source).value !== answered.texts[source]) return;
    const text = proposed(answered.result);
    if (text !== undefined) put(field(variant), text);
  };
  // Without this script these buttons send the form, and the server does the same.
  for (const button of editor.querySelectorAll("[data-repair]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      const variant = button.dataset.repair;
      replace(variant, variant, (result) => result.repaired[variant]);
    });
  }
  editor.querySelector("[data-strip]")?.addEventListener("click", (event) => {
    event.preventDefault();
    replace("marked", "plain", (result) => result.bare);
  });
  ask();
}
