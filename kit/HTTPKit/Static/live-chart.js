"use strict";

/* The last hour of one series: filled from what is stored, extended by what arrives. Drawn by dygraphs, or as a table
   where that is not installed. Others show another time by their own start, end and stored. */
class LiveChart {
  static span = 3600_000;
  static minimumSpan = 300_000;
  static maximumPages = 4;

  constructor(element, note) {
    this.element = element;
    this.note = note;
    this.points = [];
    this.isDue = false;
    this.series = null;
    if (window.Dygraph) {
      // The legend sets styles in markup, which the page's policy forbids; the note says what it would.
      Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);
    }
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.remake());
  }

  get start() {
    return Date.now() - LiveChart.span;
  }

  get end() {
    return Date.now();
  }

  get unavailable() {
    return "What was stored cannot be loaded just now; new values appear as they arrive.";
  }

  async show(device, sensor, unit) {
    const series = { device, sensor, unit };
    this.series = series;
    this.points = [];
    this.note.textContent = "";
    this.remake();
    let stored = [];
    try {
      stored = await this.stored(device, sensor);
    } catch {
      this.note.textContent = this.unavailable;
    }
    if (this.series !== series) return;
    // What arrived while this was loading may be among what is stored.
    const last = stored.length ? stored[stored.length - 1][0] : 0;
    this.points = stored.concat(this.points.filter(([time]) => time > last));
    this.draw();
  }

  add(time, value) {
    const last = this.points.length ? this.points[this.points.length - 1][0] : 0;
    if (typeof value !== "number" || time <= last) return;
    this.points.push([time, value]);
    this.draw();
  }

  async stored(device, sensor) {
    const query = new URLSearchParams({
      sensor_type: sensor,
      from: new Date(this.start).toISOString(),
      limit: "1000",
    });
    let points = [];
    for (let page = 0; page < LiveChart.maximumPages; page += 1) {
      const response = await fetch(`/api/v1/devices/${device}/readings?${query}`);
      if (!response.ok) throw new Error(`status ${response.status}`);
      const { items, next_cursor: cursor } = await response.json();
      points = points.concat(items.map((item) => [new Date(item.timestamp).getTime(), item.value]));
      if (!cursor) break;
      query.set("cursor", cursor);
    }
    return points.filter(([, value]) => typeof value === "number").reverse();
  }

  /* At most four times a second, and not at all while nobody sees it. */
  draw() {
    if (this.isDue) return;
    this.isDue = true;
    setTimeout(() => requestAnimationFrame(() => this.drawNow()), 250);
  }

  drawNow() {
    this.isDue = false;
    const { start, end } = this;
    this.points = this.points.filter(([time]) => time >= start);
    this.element.classList.toggle("plain", !window.Dygraph);
    if (!window.Dygraph) return this.drawTable();
    const file = this.points.map(([time, value]) => [new Date(time), value]);
    if (!file.length) return;
    // A young series is shown closer.
    const left = Math.max(start, Math.min(this.points[0][0], end - LiveChart.minimumSpan));
    const options = { file, dateWindow: [left, end], drawPoints: file.length < 60, ...this.scale() };
    if (this.graph) this.graph.updateOptions(options);
    else this.graph = new Dygraph(this.element, file, { ...this.style(), ...options });
  }

  /* How the values lie in the height; by themselves unless somebody says otherwise. */
  scale() {
    return {};
  }

  remake() {
    if (this.graph) this.graph.destroy();
    this.graph = null;
    this.element.replaceChildren();
    this.draw();
  }

  style() {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    return {
      labels: ["time", this.series.sensor],
      colors: [colour("--accent")],
      strokeWidth: 2,
      pointSize: 2.5,
      fillGraph: true,
      fillAlpha: 0.12,
      gridLineColor: colour("--border"),
      axisLineColor: colour("--border"),
      gridLineWidth: 0.5,
      highlightCircleSize: 4,
      highlightCallback: (_, time, points) => this.describe(time, points[0].yval),
      unhighlightCallback: () => (this.note.textContent = ""),
      axes: { x: { drawGrid: false }, y: { axisLabelWidth: 44 } },
      interactionModel: {},
      rightGap: 8,
      xRangePad: 4,
      yRangePad: 12,
    };
  }

  describe(time, value) {
    const unit = this.series.unit ? ` ${this.series.unit}` : "";
    this.note.textContent = `${value.toLocaleString()}${unit} at ${new Date(time).toLocaleTimeString()}`;
  }

  drawTable() {
    const rows = this.points.slice(-20).reverse().map(([time, value]) => {
      const row = document.createElement("tr");
      for (const text of [new Date(time).toLocaleTimeString(), value.toLocaleString()]) {
        row.append(Object.assign(document.createElement("td"), { textContent: text }));
      }
      return row;
    });
    const table = document.createElement("table");
    table.append(...rows);
    this.element.replaceChildren(table);
  }
}
