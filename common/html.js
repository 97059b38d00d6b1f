"use strict";
const byId = id => document.getElementById(id);
const collator = new Intl.Collator("en", { numeric: true });
const compare = (x, y) => typeof x === "number" ? x - y : collator.compare(x, y);

/* Makes the heads of a table buttons; `sort(column, sign)` is called with 1 or -1. */
function sortable(table, sort) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(column, down ? -1 : 1);
    });
  });
}

function value(cell) {
  const number = parseFloat(cell.textContent);
  return cell.classList.contains("number") ? (isNaN(number) ? -1 : number) : cell.textContent;
}

/* A table that comes without rows is filled and sorted by the program's own script. */
for (const table of document.querySelectorAll("table.sortable"))
  if (table.tBodies[0].rows.length)
    sortable(table, (column, sign) => {
      const body = table.tBodies[0];
      body.append(...[...body.rows].sort(
        (a, b) => sign * compare(value(a.cells[column]), value(b.cells[column]))));
    });
