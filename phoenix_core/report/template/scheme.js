// Before anything is painted: the scheme that was chosen here earlier. From file:// storage may be refused.
"use strict";
const kept = {
  name: "phoenix-report-scheme",
  read() { try { return localStorage.getItem(this.name); } catch { return null; } },
  write(scheme) { try { localStorage.setItem(this.name, scheme); } catch { /* it holds until the page is closed */ } },
  forget() { try { localStorage.removeItem(this.name); } catch { /* nothing was kept */ } },
};
if (["light", "dark"].includes(kept.read())) document.documentElement.dataset.scheme = kept.read();
