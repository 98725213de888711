import { useQuery } from "@tanstack/react-query";
import { channelsQuery } from "../../api/queries";
import { strings } from "../../strings";

/** Narrows what is shown to one channel; nothing where there are none. */
export function ChannelSelect({ value, onChoose }: { value: string | undefined; onChoose: (id: string | undefined) => void }) {
  const channels = useQuery(channelsQuery);
  if (channels.data?.items.length === 0) return null;
  return (
    <select
      className="select select--quiet"
      aria-label={strings.library.channel}
      value={value ?? ""}
      onChange={(event) => onChoose(event.target.value === "" ? undefined : event.target.value)}
    >
      <option value="">{strings.library.allChannels}</option>
      {channels.data?.items.map((channel) => (
        <option key={channel.id} value={channel.id}>
          {channel.name}
        </option>
      ))}
    </select>
  );
}
