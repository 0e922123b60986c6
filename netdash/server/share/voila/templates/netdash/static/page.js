// The start-up state of the board's page, until the first picture is drawn (frame.js then removes #netdash-starting).
(() => {
  const PATIENCE = 30_000;
  const SOON = 100; // ms between looks whether the page has come so far
  const POLL = 2_000; // ms between questions to the server whether the kernel still runs
  const starting = document.getElementById("netdash-starting");
  const [text, progress, again] = starting.querySelectorAll("p, progress, button");
  again.addEventListener("click", () => location.reload());

  // The case stands behind "#", which a browser sends to nobody. In an old link it stands behind "?", where servers and
  // proxies see it: no later request, and no entry of the history, has it there.
  const parts = [location.search.slice(1), location.hash.slice(1)].filter(Boolean);
  if (location.search) history.replaceState(history.state, "", `${location.pathname}#${parts.join("&")}`);
  addEventListener("hashchange", () => location.reload()); // another link was opened in this tab

  const fail = (message) => {
    if (!starting.isConnected) return;
    text.textContent = message;
    starting.setAttribute("role", "alert");
    progress.hidden = true;
    again.hidden = false;
  };

  // Voila's bundle calls this once its theme is set; nothing is hidden here that it would have to show.
  window.voila_finish = () => {};

  setTimeout(fail, PATIENCE, "netdash has not started within 30 seconds. The server may be busy or out of reach.");
  addEventListener("load", () => (progress.value = 2)); // Voila's scripts are here; widgets come next
  addEventListener("DOMContentLoaded", () => {
    progress.value = 1; // the document and the figure library are here
    if (document.querySelector("[data-netdash-error]")) fail("netdash could not start: its notebook stopped with an error.");
    else if (!document.querySelector("main")) once(); // the page ended before its kernel was ready
  });

  // A kernel that was kept ready may have died while it waited, or while it runs the notebook. Then the next one is
  // asked for, once.
  async function check() {
    if (!starting.isConnected) return sessionStorage.removeItem("netdash-again");
    if (!document.querySelector("main")) return setTimeout(check, SOON); // its kernel is not known yet
    const { baseUrl, kernelId } = JSON.parse(document.getElementById("jupyter-config-data").textContent);
    const { status } = await fetch(`${baseUrl}api/kernels/${kernelId}`, { cache: "no-store" }).catch(() => ({ status: 0 }));
    if (status === 404 || status === 403) once(); // it ended, or the server does not take this browser for its visitor
    else setTimeout(check, POLL);
  }

  function once() {
    if (sessionStorage.getItem("netdash-again")) return fail("netdash could not start: its session ended, or this browser keeps no cookies for this site.");
    sessionStorage.setItem("netdash-again", "yes");
    location.reload();
  }
  check();
})();
