/** The part of `strings` for encoding: which versions are made of the videos that come in. */
export const encodingStrings = {
  encoding: {
    title: "Encoding",
    sizes: "Sizes",
    sizesLead: "Players change between these as the connection allows. What you choose holds for videos that come in from now on; those that are here stay as they are until you have one encoded again, on the page of its file.",
    sizesLabel: "Which sizes are made",
    size: (height: number) => `${height}p`,
    rate: (height: number) => `At most, for ${height}p (Mbit/s)`,
    rateHint: (least: string, most: string) => `${least} to ${most}`,
    rateError: (least: string, most: string) => `A number from ${least} to ${most}.`,
    none: "Choose at least one size.",
    smaller: "Nothing is made larger than a video is. One that is smaller than all of these is made in its own size.",
    codec: "Format",
    codecLead: "H.264 plays everywhere. AV1 takes about three fifths of the bytes for the same picture, longer to encode, and a browser or device of the last years to play.",
    codecLabel: "How pictures are encoded",
    h264: "H.264",
    h264Hint: "All sizes, for every browser.",
    av1: "AV1, and the smallest size in H.264",
    av1Hint: "Browsers without AV1 play the smallest size, or the file as it was uploaded where they can.",
    standard: "As it was at first",
  },
} as const;
