/* Loads the page anew when the ledger has news: while a session runs, every few seconds.

   Not while the page is hidden, and not while somebody reads what they have opened or marked. */
(() => {
  "use strict";
  const SECONDS = 5;
  const seen = document.body.dataset.pulse;
  const busy = () =>
    document.hidden ||
    document.querySelector("details[open]") ||
    String(getSelection()) !== "" ||
    ["SELECT", "INPUT"].includes(document.activeElement?.tagName);
  const look = async () => {
    if (busy()) return;
    try {
      const answer = await fetch("/pulse", { cache: "no-store" });
      if (answer.ok && (await answer.text()) !== seen) location.reload();
    } catch {
      /* The dashboard was stopped: what is shown stays. */
    }
  };
  setInterval(look, SECONDS * 1000);
})();
