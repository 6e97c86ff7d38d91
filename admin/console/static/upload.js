// Uploading a list: a place to drop it, how much has been sent, and a way to stop. Without this the form works as it is.
"use strict";

for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]"), drop = form.querySelector("[data-drop]");
  const error = form.querySelector("[data-upload-error]"), bar = form.querySelector("[data-upload-bar]");
  const stop = form.querySelector("[data-upload-stop]"), send = form.querySelector(".actions button");
  // Switched off in words only: a button that is disabled, or hides, drops the focus of whoever stands on it.
  const busy = (on) => {
    if (!on && document.activeElement === stop) send.focus();
    bar.hidden = !on;
    send.setAttribute("aria-disabled", on);
  };
  const tell = (text) => { error.textContent = text; busy(false); };

  form.querySelector("[data-drop-hint]").hidden = false;
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.focus();
  });
  // A file that misses the frame must not take the place of the page.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());

  const fits = () => {
    const file = input.files[0], large = Boolean(file) && file.size > Number(form.dataset.most);
    error.textContent = large ? form.dataset.tooLarge : "";
    return !large;
  };
  input.addEventListener("change", fits);

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    if (!bar.hidden) return;
    if (!fits()) { input.focus(); return; }
    const request = new XMLHttpRequest(), sent = bar.querySelector("progress");
    request.open("POST", form.action);
    request.setRequestHeader("X-Requested-With", "fetch");
    request.responseType = "json";
    request.upload.addEventListener("progress", (step) => {
      if (step.lengthComputable) sent.value = 100 * step.loaded / step.total;
    });
    request.addEventListener("load", () => {
      if (request.response?.go) { location.assign(request.response.go); return; }
      tell(request.response?.error || form.dataset.failed);
      input.focus();
    });
    request.addEventListener("error", () => tell(form.dataset.failed));
    request.addEventListener("abort", () => tell(form.dataset.stopped));
    stop.onclick = () => { request.abort(); input.focus(); };
    sent.value = 0;
    busy(true);
    send.scrollIntoView({ block: "nearest" });
    request.send(new FormData(form));
  });
}
