"use strict";

/* An alert's page: its readings around the time it began, and its life as it goes on. */

const root = document.getElementById("alert");
const life = new Fragment(document.getElementById("life"), `${root.dataset.path}/life`);
const feed = new LiveFeed("/ws/alerts", {
  onState: (state) => showFeed(document.getElementById("feed"), state),
  onGap: () => life.refresh(),
  onFrame: (frame) => frame.data.id === root.dataset.alert && life.refresh(),
});
feed.connect();

const sensor = document.getElementById("chart-sensor");
if (sensor) {
  const { device, from, to } = root.dataset;
  const [element, note] = [document.getElementById("chart"), document.getElementById("chart-note")];
  const chart = new ThresholdChart(element, note, Date.parse(from), Math.min(Date.parse(to), Date.now()));
  const show = () => {
    const [option] = sensor.selectedOptions;
    chart.bounds = option.dataset.bounds.split(" ").filter(Boolean).map(Number);
    chart.show(device, option.value, null);
  };
  sensor.addEventListener("change", show);
  show();
}
