// Runs in the head, before anything is painted: light or dark as the system asks, or as chosen here before.
(function () {
  "use strict";
  var system = window.matchMedia("(prefers-color-scheme: dark)");
  function chosen() {
    try { return localStorage.getItem("theme"); } catch (error) { return null; }
  }
  function show() {
    document.documentElement.setAttribute("data-bs-theme", chosen() || (system.matches ? "dark" : "light"));
  }
  system.addEventListener("change", show);
  window.toggleTheme = function () {
    var next = document.documentElement.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    try {
      // Choosing what the system says anyway means following it again.
      if (next === (system.matches ? "dark" : "light")) { localStorage.removeItem("theme"); } else { localStorage.setItem("theme", next); }
    } catch (error) { /* private mode: the choice lasts for this page only */ }
    document.documentElement.setAttribute("data-bs-theme", next);
  };
  show();
})();
