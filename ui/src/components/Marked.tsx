import { cutByHighlights } from "../lib/marks";

/** Text with what matched in it marked; highlights are counted as the server does. */
export function Marked({ text, highlights }: { text: string; highlights: readonly { start: number; end: number }[] }) {
  return cutByHighlights(text, highlights).map((piece, index) =>
    piece.marked ? <mark key={index}>{piece.text}</mark> : <span key={index}>{piece.text}</span>,
  );
}
