import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, Circle, CircleAlert, LoaderCircle, Minus } from "lucide-react";
import { useRef, useState } from "react";
import { useMay } from "../../api/me";
import { channelsQuery, commands, keys } from "../../api/queries";
import type { Stage, VideoDetail, VideoPatch, VideoVisibility } from "../../api/types";
import { Dialog } from "../../components/Dialog";
import { DraftActions, useDraft } from "../../components/Draft";
import { formatBytes, formatClock, formatDateTime, languageName } from "../../lib/format";
import { strings } from "../../strings";
import { tell } from "../library/actions";
import { useVideo } from "./context";

const DESCRIPTION_MAX = 5000;
const NEW_CHANNEL = "new";

export function DetailsPanel() {
  const { video, transcript } = useVideo();
  const mayEdit = useMay("edit_content");
  const client = useQueryClient();
  const channels = useQuery(channelsQuery);

  const keep = (after: VideoDetail): void => {
    client.setQueryData(keys.video(video.id), after);
    void client.invalidateQueries({ queryKey: keys.videos });
  };
  const underway = useRef(0);
  const change = (patch: VideoPatch): void => {
    client.setQueryData<VideoDetail>(keys.video(video.id), (before) => (before ? { ...before, ...patch } : before));
    underway.current += 1;
    void commands
      .changeVideo(video.id, patch)
      .then((after) => {
        // An answer knows nothing of what was chosen since.
        if (underway.current === 1) client.setQueryData(keys.video(video.id), after);
      })
      .catch((error: unknown) => {
        tell(error);
        void client.invalidateQueries({ queryKey: keys.video(video.id) });
      })
      .finally(() => {
        underway.current -= 1;
        void client.invalidateQueries({ queryKey: keys.videos });
      });
  };

  const told: [string, string | null][] = [
    [strings.details.description, video.description],
    [strings.details.channel, channels.data?.items.find((channel) => channel.id === video.channel_id)?.name ?? null],
    [strings.details.visibility, strings.details[video.visibility]],
  ];
  const facts: [string, string | null][] = [
    ...(mayEdit ? [] : told),
    [strings.details.file, video.filename],
    [strings.details.duration, video.duration_ms === null ? null : formatClock(video.duration_ms)],
    [strings.details.picture, video.width !== null && video.height !== null ? `${video.width} × ${video.height}` : null],
    [strings.details.size, video.size_bytes === null ? null : formatBytes(video.size_bytes)],
    [strings.details.source, strings.details.sources[video.source]],
    [strings.details.added, formatDateTime(video.created_at)],
    [strings.details.language, transcript?.language ? languageName(transcript.language) : null],
    [strings.details.engine, transcript?.engine ?? null],
  ];

  return (
    <div className="details">
      {mayEdit ? (
        <>
          <Description video={video} onSaved={keep} />
          <ChannelField video={video} onChange={(channel_id) => change({ channel_id })} />
          <label className="field">
            <span className="field__label">{strings.details.visibility}</span>
            <select
              className="select"
              value={video.visibility}
              onChange={(event) => change({ visibility: event.target.value as VideoVisibility })}
            >
              <option value="private">{strings.details.private}</option>
              <option value="organization">{strings.details.organization}</option>
              {/* There are no public pages yet: chosen by a program, it shows nobody else anything. */}
              {video.visibility === "public" ? <option value="public">{strings.details.public}</option> : null}
            </select>
          </label>
        </>
      ) : null}
      <dl className="facts">
        {facts.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="number">{value}</dd>
            </div>
          ),
        )}
      </dl>
      {video.stages.length > 0 ? (
        <section aria-label={strings.details.processing}>
          <h2 className="panel__heading">{strings.details.processing}</h2>
          <StageList stages={video.stages} />
        </section>
      ) : null}
    </div>
  );
}

function Description({ video, onSaved }: { video: VideoDetail; onSaved: (after: VideoDetail) => void }) {
  const change = useMutation({ mutationFn: (patch: VideoPatch) => commands.changeVideo(video.id, patch), onSuccess: onSaved });
  const draft = useDraft(video.description ?? "", change);
  const wanted = draft.text.trim();
  return (
    <div className="field">
      <label className="field__label" htmlFor="description">
        {strings.details.description}
      </label>
      <textarea
        id="description"
        className="input"
        dir="auto"
        value={draft.text}
        maxLength={DESCRIPTION_MAX}
        placeholder={strings.details.addDescription}
        onChange={(event) => draft.edit(event.target.value)}
      />
      <DraftActions name={strings.details.description} draft={draft} changes={{ description: wanted === "" ? null : wanted }} />
    </div>
  );
}

function ChannelField({ video, onChange }: { video: VideoDetail; onChange: (id: string | null) => void }) {
  const channels = useQuery(channelsQuery);
  const mayMakeChannels = useMay("manage_channels");
  const client = useQueryClient();
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState("");

  const create = (): void => {
    if (name.trim() === "") return;
    setNaming(false);
    void commands
      .createChannel(name.trim())
      .then(async (channel) => {
        await client.invalidateQueries({ queryKey: keys.channels });
        onChange(channel.id);
      })
      .catch(tell);
  };

  return (
    <>
      <label className="field">
        <span className="field__label">{strings.details.channel}</span>
        <select
          className="select"
          value={video.channel_id ?? ""}
          onChange={(event) => {
            if (event.target.value === NEW_CHANNEL) {
              setName("");
              setNaming(true);
            } else onChange(event.target.value === "" ? null : event.target.value);
          }}
        >
          <option value="">{strings.details.noChannel}</option>
          {channels.data?.items.map((channel) => (
            <option key={channel.id} value={channel.id}>
              {channel.name}
            </option>
          ))}
          {mayMakeChannels ? <option value={NEW_CHANNEL}>{strings.details.newChannel}</option> : null}
        </select>
      </label>
      <Dialog open={naming} onClose={() => setNaming(false)} title={strings.details.newChannelTitle}>
        <form
          className="field"
          onSubmit={(event) => {
            event.preventDefault();
            create();
          }}
        >
          <label className="field__label" htmlFor="channel-name">
            {strings.details.newChannelName}
          </label>
          <input
            id="channel-name"
            className="input"
            value={name}
            maxLength={200}
            onChange={(event) => setName(event.target.value)}
          />
          <div className="dialog__actions">
            <button type="button" className="button" onClick={() => setNaming(false)}>
              {strings.common.cancel}
            </button>
            <button type="submit" className="button button--primary" disabled={name.trim() === ""}>
              {strings.details.create}
            </button>
          </div>
        </form>
      </Dialog>
    </>
  );
}

const STAGE_ICONS = {
  waiting: Circle,
  running: LoaderCircle,
  completed: Check,
  failed: CircleAlert,
  skipped: Minus,
} as const;

export function StageList({ stages }: { stages: readonly Stage[] }) {
  return (
    <ol className="stages">
      {stages.map((stage) => {
        const Icon = STAGE_ICONS[stage.status];
        const status =
          stage.status === "running" ? `${Math.round(stage.progress)} %` : strings.stageStatus[stage.status];
        return (
          <li key={stage.stage} data-status={stage.status}>
            <Icon size={16} aria-hidden />
            <span>
              {strings.stages[stage.stage] ?? stage.stage}
              {stage.message ? <span className="stages__message">{stage.message}</span> : null}
            </span>
            <span className="number faint small">{status}</span>
          </li>
        );
      })}
    </ol>
  );
}
