// A button after each text that is to be taken away whole (.once, .copy); without a script one click selects it.
//
//   <script src="…/copy.js" defer data-copy="Copy" data-copied="Copied"></script>
(function () {
  "use strict";

  const words = document.currentScript.dataset;

  function buttonFor(text) {
    const button = document.createElement("button");
    const said = document.createElement("span");
    Object.assign(button, { type: "button", className: "slim", textContent: words.copy });
    said.className = "unseen";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent.trim());
      } catch {
        getSelection().selectAllChildren(text);
        return;
      }
      // Only now: a page has other words with this role, and a text is read out when it changes.
      said.setAttribute("role", "status");
      button.textContent = words.copied;
      setTimeout(() => (said.textContent = words.copied), 100);
    });
    text.after(" ", button, said);
  }

  // Browsers give a clipboard to pages on https and on this machine only.
  if (navigator.clipboard) document.querySelectorAll(".once, .copy").forEach(buttonFor);
})();
