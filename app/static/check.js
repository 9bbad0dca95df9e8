// Says what is wrong with a form while it is filled in: the server judges it as it would when saving.
//
//   <form data-check="/where/to/ask"> … <input id="name" name="name"> …
//
// The answer is {"problems": [{"field", "entry", "message"}]}; each is said at its field, once it was visited.
(function () {
  "use strict";

  const WAIT = 500;

  function place(name) {
    const known = document.getElementById(name + "-error");
    const field = document.getElementById(name);
    if (known || !field) return known;
    const made = document.createElement("div");
    made.className = "error";
    made.id = name + "-error";
    (field.closest(".field") || field).append(made);
    return made;
  }

  function line(problem) {
    const made = document.createElement("p");
    if (problem.entry) {
      const entry = document.createElement("code");
      entry.textContent = problem.entry;
      made.append(entry, " ");
    }
    made.append(problem.message);
    return made;
  }

  function tell(name, problems) {
    const said = place(name);
    const field = document.getElementById(name);
    if (!said) return;
    const lines = problems.map(line);
    if (said.textContent.trim() === lines.map((one) => one.textContent).join("")) return;
    said.replaceChildren(...lines);
    const about = new Set((field.getAttribute("aria-describedby") || "").split(" ").filter(Boolean));
    if (lines.length) about.add(said.id);
    else about.delete(said.id);
    if (about.size) field.setAttribute("aria-describedby", [...about].join(" "));
    else field.removeAttribute("aria-describedby");
    if (lines.length) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }

  function watch(form) {
    const visited = new Set();
    let asked = 0;
    let later = 0;

    async function ask() {
      clearTimeout(later);
      const mine = ++asked;
      const answer = await fetch(form.dataset.check, { method: "POST", body: new FormData(form) });
      if (!answer.ok || answer.redirected || mine !== asked) return;
      const { problems } = await answer.json();
      for (const name of visited) tell(name, problems.filter((one) => one.field === name));
    }

    for (const field of form.querySelectorAll("[aria-invalid]")) visited.add(field.id);
    for (const field of form.elements) {
      const said = field.name && field.type !== "hidden" && place(field.name);
      if (said) said.setAttribute("role", "status");
    }
    form.addEventListener("focusout", (event) => visited.add(event.target.name));
    form.addEventListener("change", (event) => {
      visited.add(event.target.name);
      ask().catch(() => {});
    });
    // What is mended is told before the field is left.
    form.addEventListener("input", (event) => {
      clearTimeout(later);
      if (visited.has(event.target.name)) later = setTimeout(() => ask().catch(() => {}), WAIT);
    });
  }

  for (const form of document.querySelectorAll("form[data-check]")) watch(form);
})();
