import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Monitor, Smartphone } from "lucide-react";
import { useState } from "react";
import { commands, keys, sessionsQuery } from "../../../api/queries";
import type { Session } from "../../../api/types";
import { useSignOut } from "../../../app/TopBar";
import { Confirm } from "../../../components/Confirm";
import { Listed } from "../../../components/Listed";
import { deviceName, readDevice } from "../../../lib/device";
import { formatAge, formatDate } from "../../../lib/format";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";

/** Where one is signed in, and the way out of each place. */
export function Sessions() {
  const client = useQueryClient();
  const list = useQuery(sessionsQuery);
  const signOut = useSignOut();
  const [doomed, setDoomed] = useState<Session | null>(null);
  const [allDoomed, setAllDoomed] = useState(false);
  const others = list.data?.items.filter((session) => !session.is_current) ?? [];

  const end = async (sessions: Session[], done: string): Promise<void> => {
    try {
      await Promise.all(sessions.map((session) => commands.endSession(session.id)));
      showToast(done);
    } finally {
      await client.invalidateQueries({ queryKey: keys.sessions });
    }
  };

  return (
    <section className="settings__section">
      <div>
        <h2>{strings.sessions.title}</h2>
        <p className="soft">{strings.sessions.lead}</p>
      </div>
      <Listed query={list} isEmpty={!list.data} height={56}>
        <ul className="rows" aria-label={strings.sessions.title}>
          {list.data?.items.map((session) => (
            <SessionRow
              key={session.id}
              session={session}
              onEnd={session.is_current ? signOut : () => setDoomed(session)}
            />
          ))}
        </ul>
      </Listed>
      {others.length > 0 ? (
        <div>
          <button type="button" className="button button--danger" onClick={() => setAllDoomed(true)}>
            {strings.sessions.endOthers}
          </button>
        </div>
      ) : null}
      {doomed ? (
        <Confirm
          title={strings.sessions.endTitle(deviceName(readDevice(doomed.user_agent)))}
          text={strings.sessions.endText}
          action={strings.bar.signOut}
          onConfirm={() => end([doomed], strings.sessions.ended)}
          onClose={() => setDoomed(null)}
        />
      ) : null}
      {allDoomed ? (
        <Confirm
          title={strings.sessions.endOthersTitle(others.length)}
          text={strings.sessions.endText}
          action={strings.bar.signOut}
          onConfirm={() => end(others, strings.sessions.endedOthers)}
          onClose={() => setAllDoomed(false)}
        />
      ) : null}
    </section>
  );
}

function SessionRow({ session, onEnd }: { session: Session; onEnd: () => void }) {
  const device = readDevice(session.user_agent);
  const name = deviceName(device);
  const Icon = device.handheld ? Smartphone : Monitor;
  const facts = [
    session.address,
    session.is_current ? null : strings.sessions.lastSeen(formatAge(session.last_seen_at)),
    strings.sessions.since(formatDate(session.created_at)),
  ];
  return (
    <li className="row">
      <span className="row__icon">
        <Icon size={20} strokeWidth={1.75} aria-hidden />
      </span>
      <div className="row__text">
        <p className="row__name">
          <span className="truncate">{name}</span>
          {session.is_current ? <span className="tag">{strings.sessions.thisDevice}</span> : null}
        </p>
        <p className="faint small">{facts.filter((fact) => fact !== null).join(" · ")}</p>
      </div>
      <button
        type="button"
        className="button button--small row__action"
        aria-label={strings.sessions.end(name)}
        onClick={onEnd}
      >
        {strings.bar.signOut}
      </button>
    </li>
  );
}
