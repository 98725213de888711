import { request, requestJson } from "../../api/client";
import type { VideoDetail } from "../../api/types";
import type { UploadRecord } from "./records";

type Target = Pick<UploadRecord, "channel_id" | "organization_id">;

const TRANSCRIPT_NAME = /\.(vtt|srt|json)$/iu;
const TITLE_LENGTH_MAX = 200;

/** Whether a file is a transcript by its name; what is inside decides on the server. */
export function isTranscript(name: string): boolean {
  return TRANSCRIPT_NAME.test(name);
}

/** Makes a video of a transcript alone and returns its id. One whose transcript is refused does not stay. */
export async function sendTranscript(file: File, target: Target): Promise<string> {
  const organization = target.organization_id;
  const video = await requestJson<VideoDetail>("POST", "/videos", {
    json: { title: titleOf(file.name), channel_id: target.channel_id },
    organization,
  });
  try {
    await request("PUT", `/videos/${video.id}/captions`, { body: file, headers: { "Content-Type": "text/plain" }, organization });
  } catch (error) {
    await removeVideo(video.id, target);
    throw error;
  }
  return video.id;
}

/** Takes back a video whose transcript nobody wants any more. */
export async function removeVideo(id: string, target: Target): Promise<void> {
  await request("DELETE", `/videos/${id}`, { organization: target.organization_id }).catch(() => undefined);
}

function titleOf(filename: string): string {
  const title = filename.replace(TRANSCRIPT_NAME, "").replaceAll("_", " ").trim();
  return (title === "" ? filename : title).slice(0, TITLE_LENGTH_MAX);
}
