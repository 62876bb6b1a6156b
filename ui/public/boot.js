// Runs before the first paint: sets theme and language on the root element, so that the page never flashes the wrong one.
// It is a file of its own because the content security policy allows no inline script.
(() => {
  const root = document.documentElement;
  let theme = "system";
  let language = "";
  let density = "";
  try {
    theme = localStorage.getItem("gw-theme") || "system";
    density = localStorage.getItem("gw-density") || "";
    language = localStorage.getItem("gw-language") || "";
  } catch {
    // Storage may be refused (private mode, cookies off): the defaults stand.
  }
  const light = theme === "light" || (theme === "system" && matchMedia("(prefers-color-scheme: light)").matches);
  root.dataset.theme = theme === "contrast" ? "contrast" : light ? "light" : "dark";
  root.dataset.density = density || "default";
  root.lang = language || (navigator.language.startsWith("ko") ? "ko" : "en");
})();
