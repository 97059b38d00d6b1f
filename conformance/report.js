const table = document.getElementById("cases"), body = table.tBodies[0];
const heads = [...table.tHead.rows[0].cells];
const number = cell => { const v = parseFloat(cell.textContent); return isNaN(v) ? -1 : v; };
heads.forEach((head, column) => head.addEventListener("click", () => {
  const down = head.getAttribute("aria-sort") === "ascending";
  heads.forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const numeric = head.className === "number";
  const rows = [...body.rows].sort((a, b) => {
    const x = a.cells[column], y = b.cells[column];
    const order = numeric ? number(x) - number(y) : x.textContent.localeCompare(y.textContent, "en", { numeric: true });
    return down ? -order : order;
  });
  body.append(...rows);
}));
document.getElementById("filter").addEventListener("input", event => {
  const wanted = event.target.value.toLowerCase();
  for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
});
