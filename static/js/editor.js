// The editors of rules and fields renew themselves when a list decides what the next one offers. What is typed
// meanwhile is put back into the renewed form.
(function () {
  "use strict";
  var typed = {};

  function note(event) {
    var input = event.target;
    if (input.name && input.closest("#editor")) { typed[input.name] = input.value; }
  }

  // What was chosen before the scripts were there, or put back by the browser, counts like a choice made now.
  function isUnheard(select) {
    var chosen = select.options[select.selectedIndex];
    var before = Array.prototype.find.call(select.options, function (option) { return option.defaultSelected; });
    return Boolean(chosen) && chosen !== (before || select.options[0]);
  }

  window.addEventListener("load", function () {
    var select = Array.prototype.find.call(document.querySelectorAll("#editor select"), isUnheard);
    if (select) { select.dispatchEvent(new Event("change", { bubbles: true })); }
  });
  document.addEventListener("htmx:beforeRequest", function () { typed = {}; });
  document.addEventListener("input", note);
  document.addEventListener("htmx:afterSwap", function () {
    Object.keys(typed).forEach(function (name) {
      var input = document.querySelector("#editor [name='" + CSS.escape(name) + "']");
      if (input && input.type !== "checkbox" && input.value !== typed[name]) { input.value = typed[name]; }
    });
  });
})();
