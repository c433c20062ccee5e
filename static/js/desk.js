// The error desk by keyboard: e opens, a takes, r retries the row that j and k led to; without one, the page's own.
(function () {
  "use strict";
  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.target.closest("input, textarea, select, dialog[open]") || !/^[aer]$/.test(event.key)) { return; }
    var wanted = '[data-press="' + event.key + '"]';
    var row = document.querySelector(".row-at");
    var button = (row && row.querySelector(wanted)) || Array.prototype.find.call(document.querySelectorAll(wanted), function (item) {
      return !item.closest("[data-row]");
    });
    if (button) { event.preventDefault(); button.click(); }
  });
})();
