import { useQuery } from "@tanstack/react-query";
import { isBusy, videoQuery } from "../../api/queries";
import { Progress } from "../../components/Progress";
import { strings } from "../../strings";
import { RecordingFailed } from "../library/RecordingFailed";
import { stageName } from "../library/stage";

/** How far the recording of a file is, or why it came to nothing. The file itself is kept either way. */
export function RecordingNotice({ videoId, editable }: { videoId: string; editable: boolean }) {
  const video = useQuery(videoQuery(videoId)).data;
  if (!video) return null;
  if (video.status === "failed") return <RecordingFailed video={video} editable={editable} />;
  if (!isBusy(video)) return null;
  const stage = stageName(video);
  return (
    <div className="notice">
      <p className="number">{`${stage} · ${strings.upload.percent(Math.round(video.progress))}`}</p>
      <Progress label={stage} value={video.progress} tone="live" />
    </div>
  );
}
