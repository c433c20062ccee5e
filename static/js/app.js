// Small comforts of the page frame. Every page works without this file.
(function () {
  "use strict";

  document.querySelectorAll("[data-theme-toggle]").forEach(function (button) {
    button.addEventListener("click", window.toggleTheme);
  });

  // Menus are <details>: close them on a click elsewhere and on Escape.
  document.addEventListener("click", function (event) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) { menu.removeAttribute("open"); }
    });
  });

  // Dangerous buttons ask first; the words come from the page.
  document.addEventListener("submit", function (event) {
    var asked = (event.submitter && event.submitter.dataset.confirm) || event.target.dataset.confirm;
    if (asked && !window.confirm(asked)) { event.preventDefault(); }
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", function (event) {
    if (event.defaultPrevented || event.target.method !== "post") { return; }
    if (event.target.dataset.sent) { event.preventDefault(); return; }
    event.target.dataset.sent = "yes";
    window.setTimeout(function () { delete event.target.dataset.sent; }, 4000);
  });

  // <button data-copy="#id"> copies the text of that element.
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button) { return; }
    var source = document.querySelector(button.dataset.copy);
    if (source && navigator.clipboard) {
      navigator.clipboard.writeText(source.value || source.textContent.trim());
      button.textContent = "Copied";
    }
  });

  // <button data-fill-email data-fill-password> fills in the log-in form (demo log-ins only).
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-fill-email]");
    if (!button) { return; }
    var login = document.querySelector("[name=login]");
    var password = document.querySelector("[name=password]");
    if (login && password) {
      login.value = button.dataset.fillEmail;
      password.value = button.dataset.fillPassword;
      password.form.requestSubmit();
    }
  });

  // <select data-submit> sends its form when changed.
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-submit]")) { event.target.form.requestSubmit(); }
  });

  var help = document.getElementById("help");
  document.querySelectorAll("[data-open-help]").forEach(function (button) {
    button.addEventListener("click", function () { help.showModal(); });
  });

  var waitingForSecond = 0;
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      document.querySelectorAll("details.menu[open]").forEach(function (menu) {
        menu.removeAttribute("open");
        menu.querySelector("summary").focus();
      });
      if (location.hash === "#side") { location.hash = ""; }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) { return; }
    if (waitingForSecond) {
      window.clearTimeout(waitingForSecond);
      waitingForSecond = 0;
      var link = document.querySelector('.side [data-keys="g ' + CSS.escape(event.key) + '"]');
      if (link) { event.preventDefault(); location.assign(link.href); }
      return;
    }
    if (event.key === "g") {
      waitingForSecond = window.setTimeout(function () { waitingForSecond = 0; }, 1200);
    } else if (event.key === "?" && help) {
      event.preventDefault();
      help.showModal();
    } else if (event.key === "t") {
      window.toggleTheme();
    } else if (event.key === "/") {
      var field = document.querySelector("main input[type=search], main [data-search]");
      if (field) { event.preventDefault(); field.focus(); field.select(); }
    }
  });
})();
