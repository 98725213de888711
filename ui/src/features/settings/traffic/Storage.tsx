import { useQuery } from "@tanstack/react-query";
import { storageQuery } from "../../../api/analytics";
import type { Storage } from "../../../api/types";
import { Figure, Figures } from "../../../components/Figures";
import { Problem } from "../../../components/Problem";
import { formatBytes, formatNumber } from "../../../lib/format";
import { strings } from "../../../strings";
import { Legend, type Look, PlotFigure } from "./Plot";
import { foremost, shares } from "./plot";

/** So many bars of channels are taken in at a glance. */
const BARS_MAX = 8;
const LOOKS: Record<string, Look> = { video: "video", audio: "audio", image: "image", document: "document" };

/** What files take up: all of them, by kind and by channel. */
export function StorageSection() {
  const storage = useQuery(storageQuery);
  return (
    <section className="settings__section" aria-label={strings.traffic.storage}>
      <div>
        <h2>{strings.traffic.storage}</h2>
        <p className="soft">{strings.traffic.storageLead}</p>
      </div>
      {storage.isPending ? (
        <div className="skeleton" style={{ height: 320 }} />
      ) : !storage.data ? (
        <Problem error={storage.error} onRetry={() => void storage.refetch()} />
      ) : storage.data.kinds.length === 0 ? (
        <p className="faint">{strings.traffic.storageNone}</p>
      ) : (
        <>
          <Kinds kinds={storage.data.kinds} />
          {storage.data.channels.length === 0 ? null : <Channels channels={storage.data.channels} />}
        </>
      )}
    </section>
  );
}

function Kinds({ kinds }: Pick<Storage, "kinds">) {
  const originals = kinds.reduce((sum, one) => sum + one.original_bytes, 0);
  const renditions = kinds.reduce((sum, one) => sum + one.rendition_bytes, 0);
  const sizes = kinds.map((one) => one.original_bytes + one.rendition_bytes);
  const percents = shares(sizes);
  const parts = kinds.map((one, index) => {
    const bytes = sizes[index] ?? 0;
    return {
      name: one.kind ? (strings.traffic.kinds[one.kind] ?? one.kind) : strings.traffic.kindUnknown,
      look: LOOKS[one.kind ?? ""] ?? "other",
      bytes,
      size: formatBytes(bytes),
      share: formatShare(percents[index] ?? 0, bytes, originals + renditions),
      of: one,
    };
  });
  return (
    <>
      <Figures label={strings.traffic.storageTotals}>
        <Figure name={strings.traffic.together} value={formatBytes(originals + renditions)} />
        <Figure name={strings.traffic.originals} value={formatBytes(originals)} />
        <Figure name={strings.traffic.renditions} value={formatBytes(renditions)} />
      </Figures>
      <PlotFigure
        title={strings.traffic.kindsPlot}
        note={strings.traffic.filesIn(formatNumber(kinds.reduce((sum, one) => sum + one.files, 0)))}
        columns={[
          strings.traffic.kind,
          strings.traffic.files,
          strings.traffic.originals,
          strings.traffic.renditions,
          strings.traffic.together,
          strings.traffic.share,
        ]}
        rows={parts.map(({ name, size, share, of }) => ({
          name,
          values: [formatNumber(of.files), formatBytes(of.original_bytes), formatBytes(of.rendition_bytes), size, share],
        }))}
      >
        <div className="traffic__whole" aria-hidden>
          {parts
            .filter(({ bytes }) => bytes > 0)
            .map(({ name, look, bytes, size, share }) => (
              <span
                key={name}
                className={`traffic__part traffic__look--${look}`}
                style={{ flexGrow: bytes }}
                title={`${name}: ${size}, ${share}`}
              />
            ))}
        </div>
        <Legend items={parts.map(({ name, look, size, share }) => ({ name, look, said: `${size} · ${share}` }))} />
      </PlotFigure>
    </>
  );
}

function Channels({ channels }: Pick<Storage, "channels">) {
  const named = channels.map((one) => ({ ...one, name: one.channel_name ?? strings.traffic.channelNone }));
  const { shown, rest } = foremost(named.filter(({ bytes }) => bytes > 0), BARS_MAX);
  const lines = shown.map(({ channel_id, name, bytes }) => ({ key: channel_id ?? "none", name, bytes, look: "usual" }));
  if (rest.length > 0) {
    const bytes = rest.reduce((sum, one) => sum + one.bytes, 0);
    lines.push({ key: "rest", name: strings.traffic.channelsRest(rest.length), bytes, look: "other" });
  }
  const most = Math.max(1, ...lines.map(({ bytes }) => bytes));
  return (
    <PlotFigure
      title={strings.traffic.channelsPlot}
      note={strings.traffic.recordingsIn(formatNumber(channels.reduce((sum, one) => sum + one.videos, 0)))}
      columns={[strings.traffic.channel, strings.traffic.videos, strings.traffic.bytes]}
      rows={named.map(({ name, videos, bytes }) => ({ name, values: [formatNumber(videos), formatBytes(bytes)] }))}
    >
      <ul className="traffic__channels small" aria-label={strings.traffic.channelsPlot}>
        {lines.map(({ key, name, bytes, look }) => (
          <li key={key}>
            <span className="traffic__channel" title={name}>
              {name}
            </span>
            <span className="traffic__size soft">{formatBytes(bytes)}</span>
            <span className="traffic__track" aria-hidden>
              <span className={`traffic__part traffic__look--${look}`} style={{ width: `${(100 * bytes) / most}%` }} />
            </span>
          </li>
        ))}
      </ul>
    </PlotFigure>
  );
}

/** What is there is not said to be nothing, and what is not all is not said to be all. */
function formatShare(percent: number, bytes: number, total: number): string {
  if (percent === 0 && bytes > 0) return strings.traffic.percentUnder(formatNumber(1));
  if (percent === 100 && bytes < total) return strings.traffic.percentOver(formatNumber(99));
  return strings.traffic.percent(formatNumber(percent));
}
