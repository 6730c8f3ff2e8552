"use strict";

/* The list of alerts: it is rendered again whenever something happens to one. */

const badge = document.getElementById("feed");
const section = document.getElementById("alerts");
const list = new Fragment(section, section.dataset.path);
const feed = new LiveFeed("/ws/alerts", {
  onState: (state) => showFeed(badge, state),
  onGap: () => list.refresh(),
  onFrame: () => list.refresh(),
});
feed.connect();
