// How wide a text is on a terminal, and how to make it fit. Texts are expected to be `printable` already: no control characters,
// no colours.

/** Code points that take two cells: East Asian wide and full-width forms, and pictures (UAX #11). */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1faff],
  [0x20000, 0x3fffd],
];

const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

function cellsOf(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x300) return 1;
  if (zeroWidth.test(character)) return 0;
  for (const [first, last] of wide) if (point >= first && point <= last) return 2;
  return 1;
}

/** Cells that the text takes. */
export function displayWidth(text: string): number {
  // The common case is plain ASCII and needs no look at its characters.
  if (!/[^\u0020-\u007e]/.test(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += cellsOf(character);
  return cells;
}

function takeStart(characters: readonly string[], cells: number): string {
  let text = "";
  let used = 0;
  for (const character of characters) {
    const width = cellsOf(character);
    if (used + width > cells) break;
    text += character;
    used += width;
  }
  return text;
}

function takeEnd(characters: readonly string[], cells: number): string {
  let text = "";
  let used = 0;
  for (let i = characters.length - 1; i >= 0; i--) {
    const character = characters[i] ?? "";
    const width = cellsOf(character);
    if (used + width > cells) break;
    text = character + text;
    used += width;
  }
  return text;
}

/** The text in at most `cells` cells: both ends stay, since a path's start says where and its end says what. */
export function fit(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text;
  if (cells <= 1) return cells === 1 ? "…" : "";
  const characters = [...text];
  const head = Math.floor((cells - 1) / 3);
  const start = takeStart(characters, head);
  return `${start}…${takeEnd(characters, cells - 1 - displayWidth(start))}`;
}

/** The text in at most `cells` cells: its start stays. */
export function fitStart(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text;
  return cells < 1 ? "" : `${takeStart([...text], cells - 1)}…`;
}

export function padEnd(text: string, cells: number): string {
  return text + " ".repeat(Math.max(0, cells - displayWidth(text)));
}

export function padStart(text: string, cells: number): string {
  return " ".repeat(Math.max(0, cells - displayWidth(text))) + text;
}
