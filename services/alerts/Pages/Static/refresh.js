"use strict";

/* Puts what the server renders now in the place of what it rendered before. What somebody is about to press or to write
   stays where it is, until they leave it. */
class Fragment {
  constructor(element, path) {
    this.element = element;
    this.path = path;
    this.isDue = false;
    this.timer = null;
    element.addEventListener("focusout", () => this.isDue && this.refresh());
    element.addEventListener("toggle", () => this.isDue && this.refresh(), true);
  }

  get isInUse() {
    return this.element.contains(document.activeElement) || this.element.querySelector("details[open]") !== null;
  }

  /* Soon, however often it is asked for meanwhile. */
  refresh() {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.refreshNow().catch(() => {});
    }, 300);
  }

  async refreshNow() {
    this.isDue = true;
    if (this.isInUse) return;
    const response = await fetch(this.path);
    // Who is not signed in any more is sent to the form, which is no part of this page.
    if (!response.ok || response.redirected) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").body;
    if (this.isInUse) return;
    this.isDue = false;
    if (fresh.innerHTML !== this.element.innerHTML) this.element.replaceChildren(...fresh.childNodes);
  }
}

/* Shows in the badge whether what happens is heard of. */
function showFeed(badge, state) {
  badge.hidden = false;
  badge.textContent = state === "live" ? "Live" : "Reconnecting";
  badge.className = `badge ${state === "live" ? "online" : "reconnecting"}`;
}
