// A file goes in slices, so that a line that breaks costs one slice; without this script the form sends it whole.
"use strict";

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

const post = async (address, body, token, type) => {
  const headers = { "X-CSRFToken": token };
  if (type) headers["Content-Type"] = type;
  const answer = await fetch(address, { method: "POST", body, headers, credentials: "same-origin" });
  return { status: answer.status, told: await answer.json() };
};

const send = async (form, file, shown) => {
  const token = form.elements.csrfmiddlewaretoken.value;
  const fields = new URLSearchParams({ name: file.name, size: String(file.size), case: form.dataset.case, purpose: form.elements.purpose.value });
  const begun = await post(form.dataset.upload, fields, token);
  if (begun.status !== 200) throw new Error(begun.told.words);
  const way = form.dataset.upload.replace("begin/", `${begun.told.upload}/`);
  const slice = 8 * begun.told.slice;
  let at = 0;
  let failures = 0;
  shown.max = file.size;
  while (at < file.size) {
    shown.value = at;
    try {
      const { status, told } = await post(`${way}slice/?at=${at}`, file.slice(at, at + slice), token, "application/octet-stream");
      if (status !== 200 && told.received === undefined) throw Object.assign(new Error(told.words), { final: status < 500 });
      if (status === 200) failures = 0;
      at = told.received;
    } catch (error) {
      failures += 1;
      if (error.final || failures > 8) throw error;
      await wait(500 * 2 ** failures);
    }
  }
  shown.value = file.size;
  const made = await post(`${way}finish/`, "", token);
  if (made.status !== 200) throw new Error(made.told.words);
  window.location.assign(made.told.file);
};

for (const form of document.querySelectorAll("form[data-upload]")) {
  form.addEventListener("submit", async (event) => {
    const input = form.querySelector("input[type=file]");
    const file = input && input.files[0];
    if (!file || !file.size || !form.elements.purpose.value) return; // the page says what is missing
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
