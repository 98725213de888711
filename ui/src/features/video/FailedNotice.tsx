import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { CircleAlert } from "lucide-react";
import { assetQuery } from "../../api/media";
import { useMay } from "../../api/me";
import type { VideoDetail } from "../../api/types";
import { strings } from "../../strings";
import { useVideoActions } from "../library/actions";
import { mayEndOtherwise } from "../library/stage";
import { replacedAs } from "../media/replacement";

/** Why a recording could not be processed, and what whoever may change it can do about that. */
export function FailedNotice({ video }: { video: VideoDetail }) {
  const mayEdit = useMay("edit_content");
  return (
    <div className="notice notice--bad" role="alert">
      <p className="notice__title">
        <CircleAlert size={16} aria-hidden />
        {strings.video.failedTitle}
      </p>
      <p>
        {video.error?.message} {video.playable ? strings.video.failedPlayable : null}
      </p>
      {mayEdit ? <Remedies video={video} /> : null}
    </div>
  );
}

function Remedies({ video }: { video: VideoDetail }) {
  const actions = useVideoActions();
  const navigate = useNavigate();
  const asset = useQuery({ ...assetQuery(video.asset_id ?? ""), enabled: video.asset_id !== null }).data;
  return (
    <div className="notice__row">
      {mayEndOtherwise(video) ? (
        <button type="button" className="button button--small" onClick={() => actions.retry(video)}>
          {strings.video.retry}
        </button>
      ) : null}
      {asset && replacedAs(asset) !== null ? (
        <Link to="/files/$assetId" params={{ assetId: asset.id }} className="button button--small">
          {strings.asset.replace}
        </Link>
      ) : null}
      <button
        type="button"
        className="button button--small button--danger"
        onClick={() => {
          actions.remove(video);
          void navigate({ to: "/library" });
        }}
      >
        {strings.video.delete}
      </button>
    </div>
  );
}
