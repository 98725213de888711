import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { fieldErrors } from "../../../api/client";
import { commands, keys } from "../../../api/queries";
import { NAME_MAX, type Me } from "../../../api/types";
import { BusyButton } from "../../../components/BusyButton";
import { Problem } from "../../../components/Problem";
import { TextField } from "../../../components/TextField";
import { showToast } from "../../../lib/toasts";
import { strings } from "../../../strings";

/** What others see of oneself; the button comes with a change. */
export function NameForm({ name }: { name: string }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState(name);
  const save = useMutation({
    mutationFn: () => commands.changeMe({ name: draft.trim() }),
    onSuccess: ({ user }) => {
      client.setQueryData<Me>(keys.me, (me) => (me ? { ...me, user } : me));
      void client.invalidateQueries({ queryKey: keys.members });
      showToast(strings.settings.saved);
    },
  });
  const errors = fieldErrors(save.error, { name_invalid: "name" });
  const changed = draft.trim() !== name && draft.trim() !== "";
  return (
    <form
      className="settings__form"
      onSubmit={(event) => {
        event.preventDefault();
        if (changed) save.mutate();
      }}
    >
      {save.isError && errors.name === undefined ? <Problem error={save.error} /> : null}
      <TextField
        label={strings.auth.name}
        hint={strings.settings.nameHint}
        value={draft}
        maxLength={NAME_MAX}
        autoComplete="name"
        error={errors.name}
        onChange={(event) => setDraft(event.target.value)}
      />
      <div>
        <BusyButton type="submit" className="button button--primary" busy={!changed || save.isPending}>
          {strings.common.save}
        </BusyButton>
      </div>
    </form>
  );
}
