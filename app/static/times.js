// Times as this browser's clock has them, with the name of the zone; the page's own text, in UTC, stays at hand.
(function () {
  "use strict";

  // Day before month and 24 hours, as the server writes English.
  const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
  const local = new Intl.DateTimeFormat(language, {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });

  for (const time of document.querySelectorAll("time[datetime]")) {
    time.title = time.textContent;
    time.textContent = local.format(new Date(time.dateTime));
  }
})();
