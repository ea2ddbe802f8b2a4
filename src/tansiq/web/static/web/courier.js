// A courier file goes in part by part, each proven before the next; without this script the form sends it whole.
"use strict";

const number = async (file, at) => new DataView(await file.slice(at, at + 4).arrayBuffer()).getUint32(0);

const send = async (form, file, shown) => {
  const length = Number(form.dataset.header);
  const header = file.slice(0, length);
  const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value, "Content-Type": "application/octet-stream" };
  let at = length;
  let place = 0;
  let told = { last: false };
  shown.max = file.size;
  do {
    shown.value = at;
    // What is cut off, or claims to be too large, the node itself refuses: it is told the length that stands there.
    const size = at + 4 <= file.size ? await number(file, at) : 0;
    const body = new Blob([header, file.slice(at + 4, Math.min(at + 4 + size, file.size, at + 33554432))]);
    const answer = await fetch(`${form.dataset.courier}?number=${place}&size=${size}`, { method: "POST", body, headers, credentials: "same-origin" });
    if (answer.redirected) { window.location.reload(); return; } // the session has ended
    told = await answer.json();
    if (answer.status !== 200) throw new Error(told.words);
    at += 4 + size;
    place += 1;
  } while (!told.last || at < file.size);
  shown.value = file.size;
  window.location.assign(told.url);
};

for (const form of document.querySelectorAll("form[data-courier]")) {
  form.addEventListener("submit", async (event) => {
    const file = form.querySelector("input[type=file]").files[0];
    if (!file) return; // the page says what is missing
    event.preventDefault();
    const button = form.querySelector("button.first");
    const shown = form.querySelector("progress");
    const told = form.querySelector("[data-told]");
    button.disabled = true;
    shown.hidden = false;
    told.textContent = "";
    try { await send(form, file, shown); } catch (error) {
      told.textContent = error.message;
      shown.hidden = true;
      button.disabled = false;
    }
  });
}
