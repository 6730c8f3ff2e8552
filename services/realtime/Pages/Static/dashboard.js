"use strict";

/* The dashboard: values as they arrive, and the fragments that the server renders again when something happens. */

const page = {
  feed: document.getElementById("feed"),
  stats: document.getElementById("stats"),
  activity: document.getElementById("activity"),
  devices: document.getElementById("devices"),
  device: document.getElementById("chart-device"),
  sensor: document.getElementById("chart-sensor"),
  value: document.getElementById("chart-value"),
  unit: document.getElementById("chart-unit"),
};
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
/* By device and sensor: the newest reading, the values before it, and the row that shows them. */
const seriesByKey = new Map();

// MARK: Words

const seriesKey = (device, sensor) => `${device} ${sensor}`;
const properNames = { co2: "CO₂", cpu: "CPU", ph: "pH", tvoc: "TVOC", voc: "VOC", uv: "UV" };

function sensorTitle(sensor) {
  const words = sensor.split("_").map((word) => properNames[word] ?? word);
  if (words[0] !== "pH") words[0] = words[0].charAt(0).toUpperCase() + words[0].slice(1);
  return words.join(" ");
}

function valueText(value) {
  if (typeof value === "boolean") return value ? "on" : "off";
  if (typeof value !== "number") return String(value ?? "–");
  return value.toLocaleString(undefined, { maximumFractionDigits: Math.abs(value) < 1000 ? 2 : 0 });
}

function ageText(time) {
  const seconds = Math.round((Date.now() - new Date(time)) / 1000);
  if (seconds < 10) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(time).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

function showAges(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    if (!element.dateTime) continue;
    element.textContent = ageText(element.dateTime);
    element.title = new Date(element.dateTime).toLocaleString();
  }
}

// MARK: Devices and their sensors

const card = (device) => page.devices?.querySelector(`[data-device="${CSS.escape(device)}"]`);

function sensorRow(device, sensor) {
  const row = document.createElement("button");
  row.type = "button";
  row.className = "sensor";
  row.dataset.sensor = sensor;
  row.setAttribute("aria-pressed", "false");
  const name = Object.assign(document.createElement("span"), { className: "sensor-name", textContent: sensorTitle(sensor) });
  const line = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  line.setAttribute("class", "sensor-line");
  line.setAttribute("viewBox", "0 0 100 100");
  line.setAttribute("preserveAspectRatio", "none");
  line.setAttribute("aria-hidden", "true");
  line.append(document.createElementNS("http://www.w3.org/2000/svg", "polyline"));
  const value = Object.assign(document.createElement("span"), { className: "sensor-value" });
  row.append(name, line, value);
  row.addEventListener("click", () => choose(device, sensor));
  const list = card(device).querySelector("[data-sensors]");
  list.insertBefore(row, [...list.children].find((other) => other.dataset.sensor > sensor) ?? null);
  return row;
}

function showReading(reading, isLive) {
  const { device_id: device, sensor_type: sensor } = reading;
  if (!card(device)) {
    if (isLive) refreshDevices();
    return;
  }
  const key = seriesKey(device, sensor);
  const known = seriesByKey.get(key);
  if (known && new Date(reading.timestamp) < new Date(known.reading.timestamp)) return;
  const hasChanged = known?.reading.value !== reading.value;
  const series = known ?? { values: [], row: sensorRow(device, sensor), device, sensor };
  series.reading = reading;
  if (!known) {
    seriesByKey.set(key, series);
    if (page.device.value === device) listSensors();
  }
  if (typeof reading.value === "number") series.values = [...series.values.slice(-39), reading.value];
  showValue(series, isLive && hasChanged);
  // A device is told of when its status changes, not each time it is heard.
  if (isLive || isOnline(device)) showSeen(device, reading.timestamp);
  if (chosen?.key === key) showChosen(isLive);
}

function showValue({ row, reading, values }, isNews) {
  const value = row.querySelector(".sensor-value");
  const unit = Object.assign(document.createElement("small"), { textContent: reading.unit ? ` ${reading.unit}` : "" });
  value.replaceChildren(valueText(reading.value), unit);
  if (values.length > 1) {
    const low = Math.min(...values);
    const range = Math.max(...values) - low || 1;
    const points = values.map((each, index) => {
      return `${((index / (values.length - 1)) * 100).toFixed(1)},${(95 - ((each - low) / range) * 90).toFixed(1)}`;
    });
    row.querySelector("polyline").setAttribute("points", points.join(" "));
  }
  if (isNews && !isCalm.matches && document.visibilityState === "visible") {
    const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent");
    value.animate([{ color: accent }, { color: accent, offset: 0.3 }, {}], { duration: 900, easing: "ease-out" });
  }
}

function showSeen(device, time) {
  const seen = card(device).querySelector("[data-last-seen]");
  const element = seen.querySelector("time");
  if (element.dateTime && new Date(element.dateTime) > new Date(time)) return;
  seen.hidden = false;
  element.dateTime = time;
  element.textContent = ageText(time);
}

function isOnline(device) {
  return card(device).querySelector("[data-status]").classList.contains("online");
}

function showStatus({ device_id: device, status, last_seen: lastSeen }) {
  const element = card(device);
  if (!element) return refreshDevices();
  const badge = element.querySelector("[data-status]");
  badge.className = `badge ${status}`;
  badge.textContent = status;
  if (lastSeen) showSeen(device, lastSeen);
}

// MARK: The chosen series

const chart = page.device && new LiveChart(document.getElementById("chart"), document.getElementById("chart-note"));
let chosen = null;

function listSensors() {
  const sensors = [...seriesByKey.values()].filter((series) => series.device === page.device.value);
  sensors.sort((one, other) => (one.sensor < other.sensor ? -1 : 1));
  page.sensor.replaceChildren(...sensors.map(({ sensor }) => new Option(sensorTitle(sensor), sensor)));
  if (chosen?.device === page.device.value) page.sensor.value = chosen.sensor;
  else if (sensors.length) choose(page.device.value, sensors[0].sensor);
}

function choose(device, sensor) {
  if (chosen) seriesByKey.get(chosen.key)?.row.setAttribute("aria-pressed", "false");
  chosen = { key: seriesKey(device, sensor), device, sensor };
  const series = seriesByKey.get(chosen.key);
  series.row.setAttribute("aria-pressed", "true");
  page.device.value = device;
  listSensors();
  chart.show(device, sensor, series.reading?.unit);
  showChosen(false);
}

function showChosen(isLive) {
  const { reading } = seriesByKey.get(chosen.key);
  if (!reading) return;
  page.value.textContent = valueText(reading.value);
  page.unit.textContent = reading.unit ?? "";
  if (isLive) chart.add(new Date(reading.timestamp).getTime(), reading.value);
}

// MARK: What the server renders

async function refresh(path, element) {
  const response = await fetch(path);
  // Who is not signed in any more is sent to the form, which is no part of this page.
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").body;
  showAges(fresh);
  if (fresh.innerHTML !== element.innerHTML) element.replaceChildren(...fresh.childNodes);
}

/* Runs `body` soon, however often it is asked to meanwhile. */
function soon(body, delay) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      body().catch(() => {});
    }, delay);
  };
}

const refreshStats = soon(() => refresh("/dashboard/stats", page.stats), 700);
const refreshActivity = soon(() => refresh("/dashboard/activity", page.activity), 700);

/* Devices that have been registered since the page was loaded. */
const refreshDevices = soon(async () => {
  const response = await fetch("/dashboard");
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!page.devices) {
    if (fresh.getElementById("devices")) location.reload();
    return;
  }
  for (const element of fresh.querySelectorAll("[data-device]")) {
    if (card(element.dataset.device)) continue;
    showAges(element);
    page.devices.append(element);
    page.device.append(new Option(element.querySelector("h3").textContent, element.dataset.device));
  }
  await loadLatest();
}, 2000);

async function loadLatest() {
  let behind = "";
  do {
    const response = await fetch(`/api/v1/readings/latest?${behind}`);
    if (!response.ok) return;
    const { items, next_cursor: cursor } = await response.json();
    for (const reading of items) showReading(reading, false);
    behind = cursor && `cursor=${encodeURIComponent(cursor)}`;
  } while (behind);
}

// MARK: Live

const feed = new LiveFeed("/ws/live-data", {
  onState(state) {
    page.feed.textContent = state === "live" ? "Live" : "Reconnecting";
    page.feed.className = `badge ${state === "live" ? "online" : "reconnecting"}`;
  },
  onGap() {
    loadLatest().catch(() => {});
    refreshStats();
    refreshActivity();
  },
  onFrame(frame) {
    if (frame.type === "reading") return showReading(frame.data, true);
    if (frame.type === "device_status") showStatus(frame.data);
    refreshStats();
    refreshActivity();
  },
});

showAges();
page.device?.addEventListener("change", listSensors);
page.sensor?.addEventListener("change", () => choose(page.device.value, page.sensor.value));
setInterval(() => {
  showAges();
  if (document.visibilityState === "visible") refreshStats();
}, 10_000);
/* A page that is left open keeps its session, too: that ends an hour after its last request. */
setInterval(refreshStats, 300_000);
feed.connect();
if (page.devices) loadLatest().catch(() => {});
