(() => {
  "use strict";
  const key = (cell, isNumber) => {
    if (!cell) return null;
    if (/^[\d.]+ s$/.test(cell.title)) return parseFloat(cell.title);
    const text = cell.textContent.trim();
    if (text === "" || text === "\u2013") return null;
    if (!isNumber) return text.toLowerCase();
    const number = parseFloat(text.replace(/,/g, ""));
    return Number.isNaN(number) ? null : number;
  };
  const order = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  };
  for (const table of document.querySelectorAll("table.sorts")) {
    const body = table.tBodies[0];
    if (!body || body.rows.length < 2) continue;
    const asMade = Array.from(body.rows);
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const was = head.getAttribute("aria-sort");
        const next = was === null ? "ascending" : was === "ascending" ? "descending" : null;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        let rows = asMade;
        if (next) {
          head.setAttribute("aria-sort", next);
          const sign = next === "ascending" ? 1 : -1;
          const keyed = asMade.map((row) => [key(row.cells[at], head.classList.contains("n")), row]);
          keyed.sort(([a], [b]) => (a === null || b === null ? Number(a === null) - Number(b === null) : sign * order(a, b)));
          rows = keyed.map(([, row]) => row);
        }
        body.append(...rows);
      });
    });
    if (asMade.length < 12) continue;
    const find = document.createElement("label");
    find.className = "find";
    const input = document.createElement("input");
    input.type = "search";
    const told = document.createElement("span");
    told.setAttribute("aria-live", "polite");
    find.append("Show rows with ", input, told);
    table.closest(".scroll").before(find);
    const texts = new Map();
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of asMade) {
        if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
        row.hidden = !words.every((word) => texts.get(row).includes(word));
        shown += row.hidden ? 0 : 1;
      }
      told.textContent = words.length ? `${shown} of ${asMade.length} rows` : "";
    });
  }
  for (const cell of document.querySelectorAll("td")) {
    if (cell.textContent === "\u2013") cell.title = "not known: no file says it";
  }
  const reveal = () => {
    const to = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (to && to.tagName === "DETAILS") to.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => (part.open = true)));
})();
