"use strict";

/* A device's page: its values as they arrive, and the parts that the server renders again when something happens. */

const root = document.getElementById("device");
const { device, path } = root.dataset;
const page = {
  feed: document.getElementById("feed"),
  state: document.getElementById("state"),
  commands: document.getElementById("commands"),
  readings: document.getElementById("readings"),
  sensor: document.getElementById("chart-sensor"),
  value: document.getElementById("chart-value"),
  unit: document.getElementById("chart-unit"),
};
/* The newest reading of each sensor. */
const latest = new Map();
const chart = new LiveChart(document.getElementById("chart"), document.getElementById("chart-note"));

// MARK: Readings

function valueText(value) {
  if (typeof value !== "number") return String(value ?? "–");
  return value.toLocaleString(undefined, { maximumFractionDigits: Math.abs(value) < 1000 ? 2 : 0 });
}

function showReading(reading, isLive) {
  const sensor = reading.sensor_type;
  const known = latest.get(sensor);
  if (known && new Date(reading.timestamp) < new Date(known.timestamp)) return;
  latest.set(sensor, reading);
  if (!known) {
    page.sensor.append(new Option(sensor.replaceAll("_", " "), sensor));
    page.readings.hidden = false;
    if (latest.size === 1) return choose(sensor);
  }
  if (page.sensor.value !== sensor) return;
  showValue(reading);
  if (isLive) chart.add(new Date(reading.timestamp).getTime(), reading.value);
}

function showValue(reading) {
  page.value.textContent = valueText(reading.value);
  page.unit.textContent = reading.unit ?? "";
}

function choose(sensor) {
  const reading = latest.get(sensor);
  page.sensor.value = sensor;
  showValue(reading);
  chart.show(device, sensor, reading.unit);
}

async function loadLatest() {
  const response = await fetch(`/api/v1/devices/${device}/readings/latest`);
  if (!response.ok) return;
  for (const reading of (await response.json()).items) showReading(reading, false);
}

// MARK: What the server renders

async function refresh(part, element) {
  const response = await fetch(`${path}/${part}`);
  // Who is not signed in any more is sent to the form, which is no part of this page.
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").body;
  // What somebody is about to press stays where it is.
  if (element.contains(document.activeElement)) return;
  if (fresh.innerHTML !== element.innerHTML) element.replaceChildren(...fresh.childNodes);
}

const refreshState = () => refresh("state", page.state).catch(() => {});
const refreshCommands = () => refresh("commands", page.commands).catch(() => {});

/* Commands are watched closely while the device has still to do some of them. */
let sinceCommands = 0;
setInterval(() => {
  sinceCommands += 1;
  if (document.visibilityState !== "visible") return;
  if (sinceCommands < 10 && !page.commands.querySelector("[data-under-way]")) return;
  sinceCommands = 0;
  refreshCommands();
}, 1000);
setInterval(() => document.visibilityState === "visible" && refreshState(), 15_000);

// MARK: Live

const feed = new LiveFeed("/ws/live-data", {
  device,
  onState(state) {
    page.feed.hidden = false;
    page.feed.textContent = state === "live" ? "Live" : "Reconnecting";
    page.feed.className = `badge ${state === "live" ? "online" : "reconnecting"}`;
  },
  onGap() {
    loadLatest().catch(() => {});
    refreshState();
  },
  onFrame(frame) {
    if (frame.type === "reading") return showReading(frame.data, true);
    refreshState();
  },
});

page.sensor.addEventListener("change", () => choose(page.sensor.value));
loadLatest().catch(() => {});
feed.connect();
