// Lists by keyboard: j and k move, Enter opens, x ticks; n and p go to the next or previous page of a queue.
(function () {
  "use strict";
  var at = -1;

  function rows() { return Array.prototype.slice.call(document.querySelectorAll("[data-row]")); }

  function target(row) { return row.querySelector("[data-enter]") || row.querySelector("a[href]"); }

  function go(step) {
    var all = rows();
    if (!all.length) { return; }
    all.forEach(function (row) { row.classList.remove("row-at"); });
    at = Math.min(Math.max(at + step, 0), all.length - 1);
    var row = all[at];
    row.classList.add("row-at");
    row.scrollIntoView({ block: "nearest" });
    var link = target(row);
    if (link) { link.focus({ preventScroll: true }); }
  }

  function ticks() { return Array.prototype.slice.call(document.querySelectorAll("[data-tick]")); }

  function count() {
    var text = document.querySelector("[data-ticked]");
    if (!text) { return; }
    var number = ticks().filter(function (box) { return box.checked; }).length;
    text.textContent = number ? number + (number === 1 ? " row ticked" : " rows ticked") : "Tick rows to act on them";
    var all = document.querySelector("[data-tick-all]");
    if (all) { all.checked = number > 0 && number === ticks().length; all.indeterminate = number > 0 && !all.checked; }
  }

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-tick-all]")) {
      ticks().forEach(function (box) { box.checked = event.target.checked; });
    }
    if (event.target.matches("[data-tick-all], [data-tick]")) { count(); }
  });

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.target.closest("textarea, select, dialog[open], input:not([type=checkbox]):not([type=radio])")) { return; }
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      go(event.key === "j" ? 1 : -1);
    } else if (event.key === "x" && at >= 0) {
      var box = rows()[at] && rows()[at].querySelector("[data-tick]");
      if (box) { box.checked = !box.checked; count(); }
    } else if (event.key === "n" || event.key === "p") {
      var link = document.querySelector('[data-go="' + event.key + '"]');
      if (link) { location.assign(link.href); }
    }
  });

  count();
})();
