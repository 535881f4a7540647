// Draws a chart of each table on the page, from its cells: what is drawn is what is written.

const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();
const INK = colour("--ink-soft"), LINE = colour("--line");
const BOOKED = "预约人数", ARRIVED = "到场人数", FILL = "约满率", MISSED = "爽约率";
const COLOURS = { [BOOKED]: colour("--brand-bright"), [ARRIVED]: "#8ec5b8", [FILL]: "#b07400", [MISSED]: colour("--danger") };

function readTable(table) {
  const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  const column = (name) => rows.map((row) => row[names.indexOf(name)]);
  return { labels: rows.map((row) => row[0]), has: (name) => names.includes(name), column };
}

const share = (text) => (text === "—" ? null : Number(text.replace("%", "")));

// A day of the year needs no year below its bar.
const short = (label) => label.replace(/^\d{4}-(\d\d)-(\d\d)$/, (_, month, day) => `${Number(month)}月${Number(day)}日`);

function series(name, data, more) {
  return { name, data, itemStyle: { color: COLOURS[name] }, lineStyle: { color: COLOURS[name] }, ...more };
}

const together = (names) => `${names.slice(0, -1).join("、")}和${names.at(-1)}`;

function options(title, { labels, has, column }) {
  const drawn = [BOOKED, ARRIVED, FILL, MISSED].filter(has);
  const line = { type: "line", yAxisIndex: 1, connectNulls: false, symbolSize: 6 };
  return {
    aria: { enabled: true, label: { description: `${title}的${together(drawn)}，数字见下方表格。` } },
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { fontFamily: style.getPropertyValue("--font") },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true },
    legend: { top: 0, textStyle: { color: INK } },
    grid: { left: 8, right: 8, top: 40, bottom: 8, containLabel: true },
    xAxis: { type: "category", data: labels, axisLabel: { color: INK, hideOverlap: true, width: 110, overflow: "truncate", formatter: short }, axisLine: { lineStyle: { color: LINE } } },
    yAxis: [
      { type: "value", name: "人", minInterval: 1, axisLabel: { color: INK }, nameTextStyle: { color: INK }, splitLine: { lineStyle: { color: LINE } } },
      { type: "value", name: "%", min: 0, axisLabel: { color: INK }, nameTextStyle: { color: INK }, splitLine: { show: false } },
    ],
    series: [
      series(BOOKED, column(BOOKED).map(Number), { type: "bar", barMaxWidth: 28 }),
      series(ARRIVED, column(ARRIVED).map(Number), { type: "bar", barMaxWidth: 28 }),
      ...(has(FILL) ? [series(FILL, column(FILL).map(share), { ...line, symbol: "circle" })] : []),
      series(MISSED, column(MISSED).map(share), { ...line, symbol: "diamond", lineStyle: { color: COLOURS[MISSED], type: "dashed" } }),
    ],
  };
}

function draw(place) {
  place.hidden = false;
  const chart = globalThis.echarts.init(place, null, { renderer: "canvas" });
  const title = place.closest("section").querySelector("h2").textContent;
  chart.setOption(options(title, readTable(document.getElementById(place.dataset.chart))));
  place.setAttribute("role", "img");
  addEventListener("resize", () => chart.resize());
}

if (globalThis.echarts) document.querySelectorAll("[data-chart]").forEach(draw);
