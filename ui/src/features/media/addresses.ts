/** The same address on the origin of this page, the only one that pages may show pictures from. */
export function here(address: string): string {
  const { pathname, search } = new URL(address, location.origin);
  return pathname + search;
}

/** A srcset with another address for each of its own. */
export function eachOf(srcset: string, change: (address: string) => string): string[] {
  return srcset.split(", ").map((one) => {
    const [address = "", ...descriptor] = one.split(" ");
    return [change(address), ...descriptor].join(" ");
  });
}

/** The same for a whole srcset; undefined where there is none. */
export function setHere(srcset: string | null | undefined): string | undefined {
  return srcset ? eachOf(srcset, here).join(", ") : undefined;
}
