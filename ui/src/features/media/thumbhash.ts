/** A picture of at most 32 pixels a side, four bytes a pixel. */
export interface Blur {
  width: number;
  height: number;
  rgba: Uint8ClampedArray<ArrayBuffer>;
}

const LENGTH_MIN = 5;

/** Reads a thumbhash (<https://evanw.github.io/thumbhash/>); null of what is none. */
export function readThumbhash(base64: string): Blur | null {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
  if (bytes.length < LENGTH_MIN) return null;
  const byte = (at: number): number => bytes[at] ?? 0;
  const head = byte(0) | (byte(1) << 8) | (byte(2) << 16);
  const tail = byte(3) | (byte(4) << 8);
  const hasAlpha = head >> 23 !== 0;
  const isWide = tail >> 15 !== 0;
  const large = Math.max(3, isWide ? (hasAlpha ? 5 : 7) : tail & 7);
  const small = Math.max(3, isWide ? tail & 7 : hasAlpha ? 5 : 7);
  const [across, down] = [large, small];

  let place = hasAlpha ? 6 : 5;
  let second = false;
  const nibble = (): number => {
    const value = second ? byte(place++) >> 4 : byte(place) & 15;
    second = !second;
    return value;
  };
  const channel = (columns: number, rows: number, scale: number): number[] => {
    const factors: number[] = [];
    for (let row = 0; row < rows; row++) {
      for (let column = row > 0 ? 0 : 1; column * rows < columns * (rows - row); column++) factors.push((nibble() / 7.5 - 1) * scale);
    }
    return factors;
  };
  const light = channel(across, down, ((head >> 18) & 31) / 31);
  const yellow = channel(3, 3, (((tail >> 3) & 63) / 63) * 1.25);
  const red = channel(3, 3, (((tail >> 9) & 63) / 63) * 1.25);
  const opaque = hasAlpha ? channel(5, 5, (byte(5) >> 4) / 15) : [];

  const ratio = across / down;
  const width = Math.round(ratio > 1 ? 32 : 32 * ratio);
  const height = Math.round(ratio > 1 ? 32 / ratio : 32);
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const wave = (count: number, place: number, length: number): number[] =>
        Array.from({ length: count }, (_, n) => Math.cos((Math.PI / length) * (place + 0.5) * n));
      const fx = wave(Math.max(across, hasAlpha ? 5 : 3), x, width);
      const fy = wave(Math.max(down, hasAlpha ? 5 : 3), y, height);
      const sum = (factors: number[], columns: number, rows: number): number => {
        let total = 0;
        let index = 0;
        for (let row = 0; row < rows; row++) {
          for (let column = row > 0 ? 0 : 1; column * rows < columns * (rows - row); column++) {
            total += (factors[index++] ?? 0) * (fx[column] ?? 0) * (fy[row] ?? 0) * 2;
          }
        }
        return total;
      };
      const l = (head & 63) / 63 + sum(light, across, down);
      const p = ((head >> 6) & 63) / 31.5 - 1 + sum(yellow, 3, 3);
      const q = ((head >> 12) & 63) / 31.5 - 1 + sum(red, 3, 3);
      const a = hasAlpha ? (byte(5) & 15) / 15 + sum(opaque, 5, 5) : 1;
      const b = l - (2 / 3) * p;
      const r = (3 * l - b + q) / 2;
      rgba.set([r, r - q, b, a].map((value) => 255 * Math.max(0, Math.min(1, value))), at);
    }
  }
  return { width, height, rgba };
}
