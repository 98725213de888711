import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ExternalLink, KeyRound, Trash2 } from "lucide-react";
import { useState } from "react";
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
import { CopyNotice } from "./CopyNotice";

const NAME_MAX = 100;

export function KeysPage() {
  useTitle(strings.settings.keys);
  const client = useQueryClient();
  const list = useQuery(apiKeysQuery);
  const [name, setName] = useState("");
  const [doomed, setDoomed] = useState<ApiKey | null>(null);

  const create = useMutation({
    mutationFn: () => commands.createApiKey(name.trim()),
    onSuccess: () => {
      setName("");
      void client.invalidateQueries({ queryKey: keys.apiKeys });
    },
  });
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
      <form
        className="settings__new"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") create.mutate();
        }}
      >
        <label className="field">
          <span className="field__label">{strings.settings.keyName}</span>
          <input
            className="input"
            value={name}
            maxLength={NAME_MAX}
            placeholder={strings.settings.keyPlaceholder}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <button type="submit" className="button button--primary" disabled={name.trim() === "" || create.isPending}>
          {strings.settings.keyCreate}
        </button>
      </form>
      {create.isError ? <Problem error={create.error} /> : null}
      {create.data ? <CopyNotice title={strings.settings.keyCreated} value={create.data.secret} /> : null}
      {list.isPending ? (
        <div className="skeleton" style={{ height: 56 }} />
      ) : list.isError ? (
        <Problem error={list.error} onRetry={() => void list.refetch()} />
      ) : list.data.items.length === 0 ? (
        <Empty icon={KeyRound} title={strings.settings.keyNone} text={strings.settings.keyNoneText} />
      ) : (
        <ul className="keys">
          {list.data.items.map((key) => (
            <li key={key.id}>
              <div>
                <p className="account__name">{key.name}</p>
                <p className="faint small">
                  <code>{key.prefix}…</code> · {strings.settings.created(formatDate(key.created_at))} ·{" "}
                  {key.last_used_at === null ? strings.settings.keyUnused : strings.settings.keyUsed(formatAge(key.last_used_at))}
                </p>
              </div>
              <Tip text={strings.common.remove}>
                <button
                  type="button"
                  className="icon-button"
                  aria-label={strings.settings.keyRemove(key.name)}
                  onClick={() => setDoomed(key)}
                >
                  <Trash2 size={16} aria-hidden />
                </button>
              </Tip>
            </li>
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
