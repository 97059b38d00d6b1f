/* ---- All cases: data in, a part of the rows out ---- */
const PART = 200; /* rows that are added at a time: a hundred thousand would freeze the page */
const CASE = 0, STATE = 1, HEADROOM = 4, MS = 5;
const URGENCY = ["FAIL", "XPASS", "XFAIL", "SKIP", "UNSUPPORTED", "PASS"];
const urgency = row => (URGENCY.indexOf(row[STATE]) + 1) || 1;
const all = JSON.parse(byId("data").textContent);
const words = all.map(row => row.join(" ").toLowerCase());
const order = all.map((row, i) => i).sort((a, b) => urgency(all[a]) - urgency(all[b]) || a - b);
const table = byId("cases"), names = [...table.tHead.rows[0].cells].map(head => head.textContent);
let limit = PART;

function line(row) {
  const tr = document.createElement("tr");
  row.forEach((value, column) => {
    const td = tr.insertCell();
    const number = column === HEADROOM || column === MS;
    td.className = column === CASE ? "case" : column === STATE ? value
      : number ? "number" : column === row.length - 1 ? "note" : "";
    if (number) td.dataset.name = names[column];
    if (column === CASE) td.append(...value.split(/(?<=:)/).flatMap(part => [part, document.createElement("wbr")]));
    else td.textContent = value === null ? "-" : column === HEADROOM ? value.toPrecision(3)
      : column === MS ? value.toFixed(1) : value;
  });
  return tr;
}

function show() {
  const wanted = byId("filter").value.toLowerCase(), state = byId("state").value;
  const found = order.filter(i => words[i].includes(wanted) && (!state || all[i][STATE] === state));
  table.tBodies[0].replaceChildren(...found.slice(0, limit).map(i => line(all[i])));
  const shown = Math.min(limit, found.length);
  byId("shown").textContent = (shown < found.length ? shown + " of " : "") + found.length + " shown";
  byId("more").hidden = shown === found.length;
}

function restart() {
  limit = PART;
  show();
}

for (const state of URGENCY) {
  const count = all.filter(row => row[STATE] === state).length;
  if (count) byId("state").add(new Option(state + " (" + count + ")", state));
}
sortable(table, (column, sign) => {
  order.sort((a, b) => {
    const x = all[a][column], y = all[b][column];
    return sign * compare(x === null ? -1 : x, y === null ? -1 : y) || a - b;
  });
  show();
});
byId("filter").addEventListener("input", restart);
byId("state").addEventListener("change", restart);
byId("more").addEventListener("click", () => {
  limit += 5 * PART;
  show();
});
show();
