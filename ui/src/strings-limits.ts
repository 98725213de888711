/** The part of `strings` for limits of uploads: how large the files are that an organization takes. */
export const limitStrings = {
  limits: {
    title: "Size of files",
    lead: "A file that is larger is refused. What you choose holds for files that come in from now on, by whichever way.",
    kinds: { video: "Largest video", audio: "Largest sound file", image: "Largest image", document: "Largest document" },
    unit: "Unit",
    units: {
      video: "Unit of the largest video",
      audio: "Unit of the largest sound file",
      image: "Unit of the largest image",
      document: "Unit of the largest document",
    },
    hint: (standard: string, most: string) => (standard === most ? `${most} at first, and at most` : `${standard} at first, ${most} at most`),
    wrong: (least: string, most: string) => `From ${least} to ${most}, as a number.`,
    save: "Set these sizes",
    standard: "As it was at first",
    upTo: (most: string) => `Up to ${most}.`,
    upToRecordings: (video: string, audio: string) => (video === audio ? `Up to ${video}.` : `Up to ${video}, of sound alone ${audio}.`),
  },
} as const;
