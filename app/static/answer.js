// Sends the answer to the application once. Its button goes first: a second press would send the code again, and a
// code that comes twice ends what the first bought.
(function () {
  "use strict";

  const form = document.getElementById("answer");
  form.querySelector("button").hidden = true;
  form.submit();
})();
