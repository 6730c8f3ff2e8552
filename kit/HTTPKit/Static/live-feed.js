"use strict";

/* The organization's live data, or that of one device, over a WebSocket, which is opened again whenever it is lost and
   then resumes behind the last frame that came. */
class LiveFeed {
  constructor(path, { onFrame, onState, onGap, device = null }) {
    this.url = location.origin.replace(/^http/, "ws") + path;
    this.onFrame = onFrame;
    this.onState = onState;
    this.onGap = onGap;
    this.device = device;
    this.lastID = null;
    this.failures = 0;
  }

  connect() {
    this.socket = new WebSocket(this.url, "lms.v1");
    this.socket.onmessage = (event) => this.receive(JSON.parse(event.data));
    this.socket.onclose = (event) => this.closed(event.code);
  }

  receive(message) {
    switch (message.type) {
      case "hello": {
        this.failures = 0;
        const subscription = { action: "subscribe", min_interval_ms: 250 };
        if (this.device) subscription.device_ids = [this.device];
        if (this.lastID) subscription.since = this.lastID;
        this.socket.send(JSON.stringify(subscription));
        break;
      }
      case "subscribed":
        this.onState("live");
        break;
      case "lagged":
        this.onGap();
        break;
      case "reading":
      case "device_status":
      case "alert":
        this.lastID = message.id;
        // Until the subscription is read, what comes is the whole organization's.
        if (!this.device || message.data.device_id === this.device) this.onFrame(message);
        break;
    }
  }

  async closed(code) {
    this.onState("reconnecting");
    this.failures += 1;
    // A socket ends with the cookie it was opened with, though that has been renewed since, and a handshake that is
    // refused does not say why: whether the session has ended is asked for itself.
    if ((code === 4401 || this.failures === 2) && (await LiveFeed.isSignedOut())) {
      location.assign("/auth/login?next=" + encodeURIComponent(location.pathname));
      return;
    }
    const pause = code === 1012 ? 250 : Math.min(15000, 500 * 2 ** this.failures);
    setTimeout(() => this.connect(), pause * (0.5 + Math.random() / 2));
  }

  static async isSignedOut() {
    try {
      return (await fetch("/api/v1/dashboard")).status === 401;
    } catch {
      return false;
    }
  }
}
