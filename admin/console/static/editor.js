// The template editor: the server counts and previews while one types; chips put placeholders in.
"use strict";

const editor = document.querySelector("[data-preview]");
if (editor) {
  const fields = [...editor.querySelectorAll("textarea[data-variant]")];
  let timer = 0, asked = 0, last = fields[0];

  const show = (variant, html) => {
    const place = editor.querySelector(`[data-result="${variant}"]`);
    if (place) place.innerHTML = html;
  };
  const ask = async () => {
    const ticket = ++asked;
    const body = Object.fromEntries(fields.map((field) => [field.dataset.variant, field.value]));
    const sample = {};
    for (const input of editor.querySelectorAll("[data-sample]")) sample[input.dataset.sample] = input.value;
    try {
      const answer = await fetch(editor.dataset.preview, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": editor.querySelector("[name=csrf_token]").value, "X-Requested-With": "fetch" },
        body: JSON.stringify({ ...body, sample, message_class: editor.querySelector("[name=message_class]")?.value || editor.dataset.class }),
      });
      const result = await answer.json();
      if (ticket !== asked) return;
      if (answer.ok) for (const field of fields) show(field.dataset.variant, result[field.dataset.variant]);
      else for (const field of fields) { const p = document.createElement("p"); p.className = "error"; p.textContent = result.error; show(field.dataset.variant, p.outerHTML); }
    } catch { /* the next key stroke asks again */ }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(ask, 300); };
  for (const field of fields) {
    field.addEventListener("input", soon);
    field.addEventListener("focus", () => { last = field; });
  }
  for (const input of editor.querySelectorAll("[data-sample]")) input.addEventListener("input", soon);
  for (const chip of editor.querySelectorAll("[data-insert]")) {
    chip.addEventListener("click", () => {
      last.setRangeText(chip.dataset.insert, last.selectionStart, last.selectionEnd, "end");
      last.focus();
      soon();
    });
  }
  ask();
}
