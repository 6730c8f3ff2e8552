"use strict";

/* The editor of a rule: the last day of a device's sensor, with lines at the bounds as they are typed. */

const preview = document.getElementById("preview");
const form = document.getElementById("rule-form");
const device = document.getElementById("preview-device");
const day = 86_400_000;
const chart = new ThresholdChart(
  document.getElementById("chart"), document.getElementById("chart-note"), Date.now() - day, Date.now(),
);

const field = (name) => form.elements.namedItem(name);

function bounds() {
  if (!preview.dataset.bounds) return [];
  return ["threshold_value", "threshold_value_high"].map((name) => parseFloat(field(name)?.value));
}

function show() {
  const sensor = field("sensor_type").value.trim();
  if (!device.value || !sensor) return;
  chart.show(device.value, sensor, null);
}

preview.hidden = false;
form.addEventListener("input", () => chart.setBounds(bounds()));
field("sensor_type").addEventListener("change", show);
device.addEventListener("change", show);
chart.bounds = bounds();
show();
