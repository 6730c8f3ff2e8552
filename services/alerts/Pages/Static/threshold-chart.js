"use strict";

/* One series in a time of its own, with lines at the bounds that its values are compared with. */
class ThresholdChart extends LiveChart {
  static mostPoints = 1000;

  constructor(element, note, from, to) {
    super(element, note);
    this.from = from;
    this.to = to;
    this.bounds = [];
  }

  get start() {
    return this.from;
  }

  get end() {
    return this.to;
  }

  get unavailable() {
    return "There is nothing to draw: the readings are no numbers, or cannot be loaded just now.";
  }

  /* As many readings as stand for all of the time. */
  async stored(device, sensor) {
    const query = new URLSearchParams({
      sensor_type: sensor,
      from: new Date(this.from).toISOString(),
      to: new Date(this.to).toISOString(),
      points: ThresholdChart.mostPoints,
      order: "asc",
    });
    const response = await fetch(`/api/v1/devices/${device}/readings?${query}`);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const { items } = await response.json();
    if (!items.length) this.note.textContent = "There are no readings of this time.";
    return items.map((item) => [new Date(item.timestamp).getTime(), item.value]);
  }

  setBounds(bounds) {
    this.bounds = bounds.filter(Number.isFinite);
    this.draw();
  }

  /* The bounds are in the picture, too. */
  scale() {
    const values = this.points.map(([, value]) => value).concat(this.bounds);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const margin = (high - low || Math.abs(high) || 1) * 0.1;
    return { valueRange: [low - margin, high + margin] };
  }

  style() {
    return { ...super.style(), underlayCallback: (context, area, graph) => this.drawBounds(context, area, graph) };
  }

  drawBounds(context, area, graph) {
    context.save();
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--bad").trim();
    context.lineWidth = 1.5;
    context.setLineDash([6, 4]);
    for (const bound of this.bounds) {
      const y = graph.toDomYCoord(bound);
      context.beginPath();
      context.moveTo(area.x, y);
      context.lineTo(area.x + area.w, y);
      context.stroke();
    }
    context.restore();
  }
}
