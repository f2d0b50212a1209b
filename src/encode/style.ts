// Colours as terminals of every age know them. Only the sixteen basic ones, and none that vanishes on a white or on a black
// background (no yellow, no white, no plain black); what matters is said in words too.

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const;

export type Color = keyof typeof codes;
export type Paint = (color: Color, text: string) => string;

const plain: Paint = (_color, text) => text;

const colored: Paint = (color, text) => {
  const [on, off] = codes[color];
  return text === "" ? "" : `\u001b[${on}m${text}\u001b[${off}m`;
};

export function painter(color: boolean): Paint {
  return color ? colored : plain;
}
