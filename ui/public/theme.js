// Runs before the first paint so that the wrong theme never flashes; a file, because the page's content policy refuses inline script.
(function () {
  var theme = null;
  try {
    theme = JSON.parse(localStorage.getItem("memoreel.preferences") || "{}").theme;
  } catch (error) {
    theme = null;
  }
  var dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
