// The start of the board's page, until the first picture is drawn: view.js of the board then removes #netdash-starting.
{
  const PATIENCE = 30_000; // ms until the page says that netdash has not started
  const SOON = 100; // ms between checks whether the page has its kernel's name
  const NOT_FOUND = "Error displaying widget"; // Jupyter's words where the board's widget was not found
  const POLL = 2_000; // ms between questions to the server whether the kernel still runs
  const page =
    /** @type {Window & { voila_finish?: () => void, Plotly?: any, netdashPlotly?: Record<string, any> }} */ (window);
  const starting = /** @type {HTMLElement} */ (document.getElementById("netdash-starting"));
  const text = /** @type {HTMLElement} */ (starting.querySelector("p"));
  const progress = /** @type {HTMLProgressElement} */ (starting.querySelector("progress"));
  const again = /** @type {HTMLElement} */ (starting.querySelector("button"));
  again.addEventListener("click", () => location.reload());

  // The case is behind "#", which a browser sends to nobody. In an old link it is behind "?", where servers and proxies
  // see it. This removes it from all later requests and from the history.
  const parts = [location.search.slice(1), location.hash.slice(1)].filter(Boolean);
  if (location.search) history.replaceState(history.state, "", `${location.pathname}#${parts.join("&")}`);
  addEventListener("hashchange", () => location.reload()); // another link was opened in this tab

  /** @param {string} message */
  const fail = (message) => {
    if (!starting.isConnected) return;
    text.textContent = message;
    starting.setAttribute("role", "alert");
    progress.hidden = true;
    again.hidden = false;
  };

  const reloadOnce = () => {
    if (sessionStorage.getItem("netdash-again")) {
      return fail("netdash could not start: its session ended, or this browser keeps no cookies for this site.");
    }
    sessionStorage.setItem("netdash-again", "yes");
    location.reload();
  };

  // plotly.js is loaded when the board first asks for it, after its first verdicts. A script of the notebook may put
  // another plotly.js at window.Plotly later: the board draws with the one kept here.
  const plotly = /** @type {HTMLLinkElement} */ (document.getElementById("netdash-plotly"));
  const version = plotly.dataset.version ?? "";
  /** @type {Promise<any> | undefined} */
  let loading;
  const loadPlotly = () =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.onload = () => {
        Object.defineProperty(page.netdashPlotly, version, { value: page.Plotly });
        resolve(page.Plotly);
      };
      script.onerror = () => reject(new Error("plotly.js did not load"));
      script.src = plotly.href;
      document.head.append(script);
    });
  page.netdashPlotly = Object.defineProperty({}, version, {
    get: () => (loading ??= loadPlotly()), // when it fails, the board deletes the property and asks its kernel
    configurable: true,
    enumerable: true,
  });

  // Voila's bundle calls this once its theme is set; this page hides nothing that it would have to show.
  page.voila_finish = () => {};

  setTimeout(fail, PATIENCE, "netdash has not started within 30 seconds. The server may be busy or out of reach.");
  addEventListener("load", () => {
    progress.value = 2; // Voila's scripts are here; widgets come next
  });
  addEventListener("DOMContentLoaded", () => {
    progress.value = 1; // the document is here
    if (document.querySelector("[data-netdash-error]"))
      fail("netdash could not start: its notebook stopped with an error.");
    else if (!document.querySelector("main")) reloadOnce(); // the page ended before its kernel was ready
  });

  // A waiting kernel may have died, before or while it runs the notebook, or it answered without the board. Then the
  // page is loaded again, once.
  const check = async () => {
    if (!starting.isConnected) return sessionStorage.removeItem("netdash-again");
    const config = document.querySelector("main") && document.getElementById("jupyter-config-data");
    if (!config) return setTimeout(check, SOON); // its kernel is not known yet
    if (document.querySelector("main")?.textContent?.includes(NOT_FOUND)) return reloadOnce();
    const { baseUrl, kernelId } = JSON.parse(config.textContent);
    const address = `${baseUrl}api/kernels/${kernelId}`;
    const { status } = await fetch(address, { cache: "no-store" }).catch(() => ({ status: 0 }));
    if (status === 404 || status === 403)
      reloadOnce(); // the kernel ended, or the server knows this browser as another visitor
    else setTimeout(check, POLL);
  };

  check();
}
