import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { assetQuery } from "../../api/media";
import { useMay } from "../../api/me";
import type { VideoDetail } from "../../api/types";
import { strings } from "../../strings";
import { useVideoActions } from "../library/actions";
import { RecordingFailed } from "../library/RecordingFailed";
import { replacedAs } from "../media/replacement";

/** Why a recording could not be processed, and what else can be done about that where it is watched. */
export function FailedNotice({ video }: { video: VideoDetail }) {
  const mayEdit = useMay("edit_content");
  return (
    <RecordingFailed video={video} editable={mayEdit}>
      <ReplaceOrDelete video={video} />
    </RecordingFailed>
  );
}

function ReplaceOrDelete({ video }: { video: VideoDetail }) {
  const actions = useVideoActions();
  const navigate = useNavigate();
  const asset = useQuery({ ...assetQuery(video.asset_id ?? ""), enabled: video.asset_id !== null }).data;
  return (
    <>
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
    </>
  );
}
