import type { ReactNode } from "react";
import type { VideoDetail } from "../../api/types";
import { AlertNotice } from "../../components/AlertNotice";
import { strings } from "../../strings";
import { useVideoActions } from "./actions";
import { mayEndOtherwise } from "./stage";

/** Why a recording could not be processed. Whoever may change it can try again where that may help, or do what else is offered. */
export function RecordingFailed({ video, editable, children }: { video: VideoDetail; editable: boolean; children?: ReactNode }) {
  const actions = useVideoActions();
  const mayHelp = mayEndOtherwise(video);
  return (
    <AlertNotice title={strings.video.failedTitle}>
      <p>
        {video.error?.message} {video.playable ? strings.video.failedPlayable : null}
      </p>
      {editable && (mayHelp || children !== undefined) ? (
        <div className="notice__row">
          {mayHelp ? (
            <button type="button" className="button button--small" onClick={() => actions.retry(video)}>
              {strings.video.retry}
            </button>
          ) : null}
          {children}
        </div>
      ) : null}
    </AlertNotice>
  );
}
