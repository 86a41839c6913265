// Reads a PDF with Mozilla's reader, as somebody hears it, by its structure; where things stand on the paper counts only
// where one would be drawn over another.

// What the reader would draw with, and asks for as it is loaded. Nothing is drawn here: a canvas would be 30 MB of programs.
for (const name of ["DOMMatrix", "ImageData", "Path2D"]) globalThis[name] ??= class {};
const { VerbosityLevel, getDocument } = await import("pdfjs-dist/legacy/build/pdf.mjs");

const squeezed = (text) => text.replaceAll(/\s+/g, " ").trim();

/** The marked contents of a page: texts by the id that the structure knows them by, and those that it does not know. */
function marked(items) {
  const texts = new Map();
  const untold = [];
  const open = [];
  for (const item of items) {
    if (item.type?.startsWith("beginMarkedContent")) {
      open.push(item);
      if (!item.id) untold.push("");
    } else if (item.type === "endMarkedContent") {
      open.pop();
    } else {
      const id = open.findLast((mark) => mark.id)?.id;
      const text = item.str + (item.hasEOL ? " " : "");
      if (id) texts.set(id, (texts.get(id) ?? "") + text);
      else if (open.length > 0) untold[untold.length - 1] += text;
      else throw new Error(`${item.str} is neither told nor marked as not to be told`);
    }
  }
  return { texts, untold: untold.map(squeezed).filter(Boolean) };
}

/** Every element of a structure, the first one first. */
function* elements(node) {
  if (node.role) yield node;
  for (const child of node.children ?? []) yield* elements(child);
}

/** What stands in an element, a blank between its parts. */
function textOf(node, texts) {
  if (node.type === "content") return texts.get(node.id) ?? "";
  return squeezed((node.children ?? []).map((child) => textOf(child, texts)).join(" "));
}

/** Whether a typeface came with the document. */
async function fontsOf(page, styles) {
  await page.getOperatorList();
  return Object.keys(styles).map((name) => {
    const font = page.commonObjs.get(name);
    return { name: font.name, embedded: font.missingFile === false };
  });
}

/** Texts of one line of the paper that are drawn over each other. */
function overlaps(items) {
  const drawn = items.filter((item) => item.str?.trim()).map(({ str, width, transform: [, , , , x, y] }) => ({ str, x, y, end: x + width }));
  const over = (one, other) => one !== other && Math.abs(one.y - other.y) < 1 && one.x <= other.x && one.end > other.x + 0.5;
  return drawn.flatMap((one) => drawn.filter((other) => over(one, other)).map((other) => `${one.str} | ${other.str}`));
}

async function readPage(page) {
  const tree = await page.getStructTree();
  const { items, styles } = await page.getTextContent({ includeMarkedContent: true });
  const { texts, untold } = marked(items);
  const all = [...elements(tree)];
  const having = (...roles) => all.filter((node) => roles.includes(node.role));
  const told = (nodes) => nodes.map((node) => textOf(node, texts));
  const cells = (row) => told([...elements(row)].filter((node) => node.role === "TH" || node.role === "TD"));
  // The structure is of the whole table on each page that has some of it.
  const rows = (table) => [...elements(table)].filter((node) => node.role === "TR").map(cells).filter((row) => row.some(Boolean));
  return {
    roles: all.map((node) => node.role),
    headings: told(having("H1")).filter(Boolean),
    paragraphs: told(having("P")).filter(Boolean),
    tables: having("Table").map(rows),
    text: squeezed(items.map((item) => item.str ?? "").join(" ")),
    untold,
    overlaps: overlaps(items),
    fonts: await fontsOf(page, styles),
  };
}

/**
 * Everything that a reader can tell of a PDF; `untold` are the texts that are drawn and not part of its structure, and
 * `overlaps` those that are drawn over each other.
 */
export async function readPdf(bytes) {
  // The reader takes the bytes for itself.
  const task = getDocument({ data: bytes.slice(), verbosity: VerbosityLevel.ERRORS });
  try {
    const pdf = await task.promise;
    const pages = [];
    for (let number = 1; number <= pdf.numPages; number += 1) pages.push(await readPage(await pdf.getPage(number)));
    const all = (member) => pages.flatMap((page) => page[member]);
    const { info } = await pdf.getMetadata();
    return {
      pages,
      info,
      mark: await pdf.getMarkInfo(),
      roles: new Set(all("roles")),
      text: all("text").join(" "),
      ...Object.fromEntries(["headings", "paragraphs", "tables", "untold", "overlaps", "fonts"].map((member) => [member, all(member)])),
    };
  } finally {
    await task.destroy();
  }
}
