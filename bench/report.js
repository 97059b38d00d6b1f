/* ---- The filter over all rows ---- */
const rows = [...byId("cases").tBodies[0].rows];
const words = rows.map(row => row.textContent.toLowerCase());

function show() {
  const wanted = byId("filter").value.toLowerCase();
  let shown = 0;
  rows.forEach((row, i) => {
    row.hidden = !words[i].includes(wanted);
    shown += !row.hidden;
  });
  byId("shown").textContent = shown + " shown";
}

byId("filter").addEventListener("input", show);
show();
