// Leads old addresses of the application to their new names. Put it before the application's own script:
// <script src="https://your-server/legacy-redirect.js"></script>
//
// "#/deals/7/show" becomes "#/opportunities/7/show"; "/deals/7" as a path likewise. What follows stays.
(function () {
  "use strict";
  var OLD = /^(#?!?\/)deals(?=[\/?#]|$)/;
  function renamed(address) {
    return OLD.test(address) ? address.replace(OLD, "$1opportunities") : null;
  }
  function follow() {
    var hash = renamed(window.location.hash);
    var path = renamed(window.location.pathname);
    if (hash === null && path === null) return;
    console.warn(
      "Deprecated address " + (path === null ? window.location.hash : window.location.pathname) +
        ": deals are called opportunities now."
    );
    window.location.replace(
      (path === null ? window.location.pathname : path) +
        window.location.search +
        (hash === null ? window.location.hash : hash)
    );
  }
  window.addEventListener("hashchange", follow);
  follow();
})();
