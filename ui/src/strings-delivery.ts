/** The part of `strings` for delivery: which web sites media are played on, and who may keep them on the way. */
export const deliveryStrings = {
  delivery: {
    title: "Delivery",
    origins: "Web pages that may read media",
    originsLead: "Players on your own sites fetch media with a script, which browsers allow only where you say so. With an API key, these pages may call the API and upload, too. As long as the list is empty, pages of every site may read images by their addresses.",
    originsLabel: "Origins",
    originsPlaceholder: "https://app.example.com",
    originsHint: "One a line, with https:// and without a path. https://*.example.com is every site below example.com, but not example.com itself.",
    referrers: "Web sites that may show media",
    referrersLead: "Keeps other sites from showing your media on their pages. Nobody is kept out as long as the list is empty.",
    referrersLabel: "Domains",
    referrersPlaceholder: "example.com",
    referrersHint: "One a line, without https://. *.example.com is every domain below example.com. Memoreel itself always may.",
    noReferrer: "Also let in who does not say where they come from",
    noReferrerHint: "Apps, players on television sets and private browsers often do not.",
    caching: "Caches",
    cachingLead: "How long what was sent may be kept on its way, at most as long as its address works.",
    seconds: "Keep for (seconds)",
    secondsError: (most: number) => `A whole number of seconds, at most ${most}.`,
    shared: "Caches that serve many people, such as a CDN, may keep media",
    sharedHint: "Such a cache shows what it keeps to whoever has the address, wherever they come from. Set the list of web sites there as well.",
  },
} as const;
