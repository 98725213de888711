import { request, requestJson } from "../../api/client";
import type { VideoDetail } from "../../api/types";

const TRANSCRIPT_NAME = /\.(vtt|srt|json)$/iu;
const TITLE_LENGTH_MAX = 200;

/** Whether a file is a transcript by its name; what is inside decides on the server. */
export function isTranscript(name: string): boolean {
  return TRANSCRIPT_NAME.test(name);
}

/** Makes a video of a transcript alone and returns its id. One whose transcript is refused does not stay. */
export async function sendTranscript(file: File, channelId: string | null): Promise<string> {
  const video = await requestJson<VideoDetail>("POST", "/videos", {
    json: { title: titleOf(file.name), channel_id: channelId },
  });
  try {
    await request("PUT", `/videos/${video.id}/captions`, { body: file, headers: { "Content-Type": "text/plain" } });
  } catch (error) {
    await removeVideo(video.id);
    throw error;
  }
  return video.id;
}

/** Takes back a video whose transcript nobody wants any more. */
export async function removeVideo(id: string): Promise<void> {
  await request("DELETE", `/videos/${id}`).catch(() => undefined);
}

function titleOf(filename: string): string {
  const title = filename.replace(TRANSCRIPT_NAME, "").replaceAll("_", " ").trim();
  return (title === "" ? filename : title).slice(0, TITLE_LENGTH_MAX);
}
