// The page at work: charts in its colours, tables that sort, a scheme to choose. Figures are not computed here.
"use strict";
(() => {
  const root = document.documentElement;
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const drawings = JSON.parse(document.getElementById("drawings").textContent);
  const drawn = [];

  // --- colours -------------------------------------------------------------------------------------------------
  const scheme = () => root.dataset.scheme || (prefersDark.matches ? "dark" : "light");

  // A custom property is text until something is painted with it, in the scheme of that thing.
  const probe = document.body.appendChild(document.createElement("i"));
  probe.hidden = true;
  function color(name, wanted) {
    Object.assign(probe.style, { color: `var(--${name})`, colorScheme: wanted });
    return getComputedStyle(probe).color;
  }

  function inks(wanted) {
    const [ink, faint, rule, raised] = ["ink", "faint", "rule", "raised"].map((name) => color(name, wanted));
    const look = { "font.color": faint, "hoverlabel.bgcolor": raised, "hoverlabel.font.color": ink, "hoverlabel.bordercolor": rule };
    for (const axis of ["xaxis", "yaxis"])
      Object.assign(look, { [`${axis}.gridcolor`]: rule, [`${axis}.linecolor`]: rule, [`${axis}.zerolinecolor`]: faint });
    return { ...look, "modebar.color": faint, "modebar.activecolor": ink, "modebar.bgcolor": "rgba(0,0,0,0)" };
  }

  function repaint(wanted = scheme(), more = {}) {
    const look = inks(wanted);
    for (const chart of drawn) Plotly.relayout(chart, { ...look, ...more });
  }

  const toggle = document.getElementById("scheme");
  const other = () => (scheme() === "dark" ? "light" : "dark");
  const label = () => { toggle.textContent = other() === "dark" ? "Dark" : "Light"; toggle.setAttribute("aria-label", `Show in ${other()} colours`); };
  toggle.hidden = false;
  label();
  toggle.addEventListener("click", () => {
    const wanted = other();
    // Back at what the system prefers there is nothing to remember: the page follows it again.
    if (wanted === (prefersDark.matches ? "dark" : "light")) { delete root.dataset.scheme; kept.forget(); }
    else { root.dataset.scheme = wanted; kept.write(wanted); }
    label();
    repaint();
  });
  prefersDark.addEventListener("change", () => { label(); repaint(); });

  // --- charts --------------------------------------------------------------------------------------------------
  const common = {
    margin: { l: 58, r: 12, t: 28, b: 42 }, autosize: true, hovermode: "x unified", dragmode: "zoom",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12 },
    legend: { orientation: "h", x: 0, y: 1, xanchor: "left", yanchor: "bottom" },
  };
  // Named one by one: among plotly's own is one that would send the chart to its makers.
  const buttons = ["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"];
  const config = { displaylogo: false, responsive: true, modeBarButtons: [buttons] };

  // Dotted names, as relayout takes them, in the nested form that a first drawing takes.
  function nested(flat, target) {
    for (const [path, value] of Object.entries(flat)) {
      const names = path.split("."), last = names.pop();
      let place = target;
      for (const name of names) place = place[name] ??= {};
      place[last] = value;
    }
    return target;
  }

  // Numbers come as the bytes of an array, see charts.py.
  function unpacked({ dtype, bdata }) {
    const text = atob(bdata), bytes = new Uint8Array(text.length);
    for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
    return new { f4: Float32Array, f8: Float64Array }[dtype](bytes.buffer);
  }

  // Plotly gives times as text without a zone; they are UTC, as all is here.
  const ms = (time) => (typeof time === "number" ? time : Date.parse(`${time.replace(" ", "T")}Z`));

  // Lowest and highest value that a stretch of time shows, with a little air; plotly itself fits to all there is.
  function fitted(chart, [from, to]) {
    let low = Infinity, high = -Infinity;
    for (const { x, y } of chart.data) {
      let before = NaN;
      const see = (value) => { if (value < low) low = value; if (value > high) high = value; };
      for (let place = 0; place < x.length && x[place] <= to; place++) {
        if (x[place] < from) before = y[place];
        else see(y[place]);
      }
      see(before);
    }
    const air = (high - low) * 0.06 || Math.abs(high) * 0.01 || 1;
    return low > high ? null : [low - air, high + air];
  }

  // One time axis: what is looked at in one chart is looked at in all, each to its own scale.
  let isLooking = false;
  async function look(range) {
    if (isLooking) return;
    isLooking = true;
    for (const chart of drawn.filter((one) => one.isOverTime)) {
      const scale = fitted(chart, range);
      await Plotly.relayout(chart, { "xaxis.range": range.slice(), ...(scale && { "yaxis.range": scale }) });
    }
    isLooking = false;
  }
  function follow(chart, change) {
    const range = change["xaxis.range"] || [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (change["xaxis.autorange"]) look(chart.wholeRange);
    else if (range[0] !== undefined) look(range.map(ms));
  }

  async function draw() {
    const ink = inks(scheme());
    for (const [name, { data, layout, isOverTime }] of Object.entries(drawings)) {
      const chart = document.getElementById(name);
      for (const trace of data) for (const axis of ["x", "y"]) if (trace[axis]?.bdata) trace[axis] = unpacked(trace[axis]);
      Object.assign(chart, { isOverTime, wholeRange: layout.xaxis?.range?.slice() });
      await Plotly.newPlot(chart, data, nested(ink, { ...structuredClone(common), ...layout }), config);
      drawn.push(chart);
      if (isOverTime) chart.on("plotly_relayout", (change) => follow(chart, change));
      // A point that carries an address leads there.
      chart.on("plotly_click", ({ points: [{ customdata }] }) => { if (typeof customdata === "string") open(customdata, "_blank", "noopener"); });
      // Let what is drawn be seen before the next one.
      await new Promise((done) => setTimeout(done, 0));
    }
    root.dataset.drawn = "all";
  }

  // Paper is white, and narrower than most screens.
  addEventListener("beforeprint", () => repaint("light", { width: 680 }));
  addEventListener("afterprint", () => repaint(scheme(), { width: null, autosize: true }));

  // --- tables --------------------------------------------------------------------------------------------------
  // What an element holds becomes a button, which a keyboard reaches.
  function wrapped(element) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...element.childNodes);
    element.append(button);
    return button;
  }

  function number(text) {
    const plain = text.replace(/[,%+]/g, "").replace(/ .*/, "");
    return plain === "" || Number.isNaN(Number(plain)) ? null : Number(plain);
  }
  function compare(one, two) {
    const [a, b] = [number(one), number(two)];
    if (a !== null && b !== null) return a - b;
    if ((one === "") !== (two === "")) return one === "" ? 1 : -1;
    return one.localeCompare(two, "en", { numeric: true });
  }

  // Rows that are not shown yet: data behind the table at first, elements once they were asked for.
  const later = new Map();
  function waiting(table) {
    const data = table.parentElement.querySelector("script");
    if (data) {
      const model = table.tBodies[0].rows[0];
      later.set(table, JSON.parse(data.textContent).map((texts) => {
        const row = model.cloneNode(true);
        texts.forEach((text, place) => { (row.cells[place].querySelector("button") ?? row.cells[place]).textContent = text; });
        return row;
      }));
      data.remove();
    }
    return later.get(table) ?? [];
  }

  function sort(table, header) {
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const place = header.cellIndex, sign = down ? -1 : 1, body = table.tBodies[0], shown = body.rows.length;
    const keyed = [...body.rows, ...waiting(table)].map((row) => [row.cells[place].textContent, row]);
    keyed.sort(([one], [two]) => sign * compare(one, two));
    const sorted = keyed.map(([, row]) => row);
    body.replaceChildren(...sorted.slice(0, shown));
    later.set(table, sorted.slice(shown));
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    for (const header of table.tHead.rows[0].cells) wrapped(header).addEventListener("click", () => sort(table, header));
    if (!table.parentElement.querySelector("script")) continue;
    const more = document.createElement("p");
    more.textContent = "Show all rows";
    wrapped(more).addEventListener("click", () => {
      table.tBodies[0].append(...waiting(table));
      later.delete(table);
      more.remove();
    });
    table.parentElement.after(more);
  }

  // A round trip's time leads to it: from ten minutes before it opened to ten after it closed.
  const roundTrips = document.querySelector("section[aria-labelledby=round-trips] table");
  if (roundTrips) {
    const MINUTE = 60e3, AROUND = 10 * MINUTE;
    roundTrips.tBodies[0].addEventListener("click", ({ target }) => {
      if (target.tagName !== "BUTTON") return;
      const opened = ms(target.textContent), held = number(target.closest("tr").cells[1].textContent) * MINUTE;
      look([opened - AROUND, opened + held + AROUND]);
      document.getElementById("panels").scrollIntoView();
    });
    for (const { cells: [opened] } of roundTrips.tBodies[0].rows) wrapped(opened);
  }

  draw();
})();
