// Says on the button how many requests are ticked and what they come to. The page after it says so without script, too.
(function () {
  "use strict";
  var label = document.querySelector("[data-approve]");
  if (!label) { return; }

  function sums(boxes) {
    var cents = {};
    boxes.forEach(function (box) {
      if (!box.dataset.amount) { return; }
      var currency = box.dataset.currency;
      cents[currency] = (cents[currency] || 0) + Math.round(parseFloat(box.dataset.amount) * 100);
    });
    return Object.keys(cents).map(function (currency) {
      var digits = (cents[currency] / 100).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
      return currency + " " + digits;
    }).join(" and ");
  }

  function show() {
    var ticked = Array.prototype.slice.call(document.querySelectorAll("[data-tick]:checked"));
    var amount = sums(ticked);
    label.textContent = ticked.length ? "Approve " + ticked.length + (amount ? " (" + amount + ")" : "") : "Approve";
  }

  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-tick-all], [data-tick]")) { show(); }
  });
  document.addEventListener("keyup", function (event) { if (event.key === "x") { show(); } });
  show();
})();
