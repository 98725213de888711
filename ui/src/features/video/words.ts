import type { Segment } from "../../api/types";

/** A piece of a segment's text; pieces with a time can be clicked. Offsets in UTF-16 units. */
export interface TextPiece {
  start: number;
  end: number;
  /** Index into `segment.words`, or -1 for what lies between words. */
  word: number;
}

const known = new WeakMap<Segment, TextPiece[]>();

/**
 * Where each timed word stands in the segment's text. A word that cannot be found (the text was
 * corrected after it was timed) is left out, and its stretch of text belongs to no word.
 */
export function placeWords(segment: Segment): TextPiece[] {
  const before = known.get(segment);
  if (before) return before;
  const pieces: TextPiece[] = [];
  let at = 0;
  for (const [index, word] of segment.words.entries()) {
    const wanted = word.text.trim();
    const start = wanted === "" ? -1 : segment.text.indexOf(wanted, at);
    if (start < 0) continue;
    if (start > at) pieces.push({ start: at, end: start, word: -1 });
    at = start + wanted.length;
    pieces.push({ start, end: at, word: index });
  }
  if (at < segment.text.length) pieces.push({ start: at, end: segment.text.length, word: -1 });
  known.set(segment, pieces);
  return pieces;
}

export interface MarkedPiece extends TextPiece {
  /** Index of the match this piece belongs to, or -1. */
  match: number;
}

/** Cuts pieces further where matches begin and end. */
export function markPieces(pieces: readonly TextPiece[], matches: readonly { start: number; end: number }[]): MarkedPiece[] {
  if (matches.length === 0) return pieces.map((piece) => ({ ...piece, match: -1 }));
  const marked: MarkedPiece[] = [];
  for (const piece of pieces) {
    let at = piece.start;
    for (const [index, match] of matches.entries()) {
      const start = Math.max(at, match.start);
      const end = Math.min(piece.end, match.end);
      if (start >= end) continue;
      if (start > at) marked.push({ ...piece, start: at, end: start, match: -1 });
      marked.push({ ...piece, start, end, match: index });
      at = end;
    }
    if (at < piece.end) marked.push({ ...piece, start: at, end: piece.end, match: -1 });
  }
  return marked;
}
