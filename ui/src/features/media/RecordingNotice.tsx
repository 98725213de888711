import { useQuery } from "@tanstack/react-query";
import { CircleAlert } from "lucide-react";
import { isBusy, videoQuery } from "../../api/queries";
import type { VideoDetail } from "../../api/types";
import { Progress } from "../../components/Progress";
import { strings } from "../../strings";
import { useVideoActions } from "../library/actions";
import { mayEndOtherwise, stageName } from "../library/stage";

/** How far the recording of a file is, or why it came to nothing. The file itself is kept either way. */
export function RecordingNotice({ videoId, editable }: { videoId: string; editable: boolean }) {
  const video = useQuery(videoQuery(videoId)).data;
  if (!video) return null;
  if (video.status === "failed") return <Failed video={video} editable={editable} />;
  if (!isBusy(video)) return null;
  const stage = stageName(video);
  return (
    <div className="notice">
      <p className="number">{`${stage} · ${strings.upload.percent(Math.round(video.progress))}`}</p>
      <Progress label={stage} value={video.progress} tone="live" />
    </div>
  );
}

function Failed({ video, editable }: { video: VideoDetail; editable: boolean }) {
  const actions = useVideoActions();
  return (
    <div className="notice notice--bad" role="alert">
      <p className="notice__title">
        <CircleAlert size={16} aria-hidden />
        {strings.video.failedTitle}
      </p>
      <p>{video.error?.message}</p>
      {editable && mayEndOtherwise(video) ? (
        <div className="notice__row">
          <button type="button" className="button button--small" onClick={() => actions.retry(video)}>
            {strings.video.retry}
          </button>
        </div>
      ) : null}
    </div>
  );
}
