/** Copies text also where the page is not served over TLS, which `navigator.clipboard` requires. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without TLS
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}
