export interface Piece {
  text: string;
  marked: boolean;
}

/** Cuts `text` at highlights given in Unicode code points, as the server counts them. */
export function cutByHighlights(text: string, highlights: readonly { start: number; end: number }[]): Piece[] {
  const points = Array.from(text);
  const pieces: Piece[] = [];
  let at = 0;
  for (const { start, end } of [...highlights].sort((a, b) => a.start - b.start)) {
    const from = Math.max(start, at);
    const to = Math.min(end, points.length);
    if (from >= to) continue;
    if (from > at) pieces.push({ text: points.slice(at, from).join(""), marked: false });
    pieces.push({ text: points.slice(from, to).join(""), marked: true });
    at = to;
  }
  if (at < points.length) pieces.push({ text: points.slice(at).join(""), marked: false });
  return pieces;
}

/** Lower case without accents, the same number of UTF-16 units as the input, so that offsets hold. */
export function fold(text: string): string {
  let folded = "";
  for (const character of text) {
    const plain = character.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
    folded += plain.length === character.length ? plain : character;
  }
  return folded;
}

/** Where `needle` occurs in `text`, ignoring case and accents; offsets in UTF-16 units. */
export function findAll(text: string, needle: string): { start: number; end: number }[] {
  const wanted = fold(needle.trim());
  if (wanted === "") return [];
  const folded = fold(text);
  const found: { start: number; end: number }[] = [];
  for (let at = folded.indexOf(wanted); at >= 0; at = folded.indexOf(wanted, at + wanted.length)) {
    found.push({ start: at, end: at + wanted.length });
  }
  return found;
}
