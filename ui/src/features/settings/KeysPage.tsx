import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ExternalLink, KeyRound, Trash2 } from "lucide-react";
import { useState } from "react";
import { useMe } from "../../api/me";
import { apiKeysQuery, commands, keys } from "../../api/queries";
import type { ApiKey } from "../../api/types";
import { Confirm } from "../../components/Confirm";
import { Empty } from "../../components/Empty";
import { Problem } from "../../components/Problem";
import { Tip } from "../../components/Tip";
import { formatAge, formatDate } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { hasExpired } from "./keys";
import { NewKey } from "./NewKey";

export function KeysPage() {
  useTitle(strings.settings.keys);
  const client = useQueryClient();
  const me = useMe();
  const list = useQuery(apiKeysQuery);
  const [doomed, setDoomed] = useState<ApiKey | null>(null);

  const removed = (): void => {
    showToast(strings.settings.keyRemoved);
    void client.invalidateQueries({ queryKey: keys.apiKeys });
  };

  return (
    <section className="settings__section">
      <div>
        <h2>{strings.settings.keys}</h2>
        <p className="soft">{strings.settings.keysLead}</p>
        <p>
          <a className="settings__link" href="/api/docs">
            {strings.settings.apiDocs}
            <ExternalLink size={16} aria-hidden />
          </a>
        </p>
      </div>
      {me ? <NewKey key={me.organization.role} ownRole={me.organization.role} /> : null}
      {list.isPending ? (
        <div className="skeleton" style={{ height: 56 }} />
      ) : list.data === undefined ? (
        <Problem error={list.error} onRetry={() => void list.refetch()} />
      ) : list.data.items.length === 0 ? (
        <Empty icon={KeyRound} title={strings.settings.keyNone} text={strings.settings.keyNoneText} />
      ) : (
        <ul className="keys" aria-label={strings.settings.keys}>
          {list.data.items.map((key) => (
            <KeyRow key={key.id} apiKey={key} onRemove={() => setDoomed(key)} />
          ))}
        </ul>
      )}
      {doomed ? (
        <Confirm
          title={strings.settings.keyRemoveTitle(doomed.name)}
          text={strings.settings.keyRemoveText}
          action={strings.common.remove}
          onConfirm={() => commands.deleteApiKey(doomed.id).then(removed)}
          onClose={() => setDoomed(null)}
        />
      ) : null}
    </section>
  );
}

function KeyRow({ apiKey, onRemove }: { apiKey: ApiKey; onRemove: () => void }) {
  const { name, prefix, role, created_at, expires_at, last_used_at } = apiKey;
  const ended = hasExpired(apiKey);
  const facts = [
    role === null ? strings.settings.keyAnyRole : strings.roles[role],
    expires_at === null
      ? strings.settings.keyEndless
      : ended
        ? strings.settings.keyExpiredOn(formatDate(expires_at))
        : strings.settings.keyExpires(formatDate(expires_at)),
    strings.settings.created(formatDate(created_at)),
    last_used_at === null ? strings.settings.keyUnused : strings.settings.keyUsed(formatAge(last_used_at)),
  ];
  return (
    <li>
      <div>
        <p className="row__name">
          <span className="truncate">{name}</span>
          {ended ? <span className="tag">{strings.settings.keyExpired}</span> : null}
        </p>
        <p className="faint small">
          <code>{prefix}…</code> · {facts.join(" · ")}
        </p>
      </div>
      <Tip text={strings.common.remove}>
        <button type="button" className="icon-button" aria-label={strings.settings.keyRemove(name)} onClick={onRemove}>
          <Trash2 size={16} aria-hidden />
        </button>
      </Tip>
    </li>
  );
}
