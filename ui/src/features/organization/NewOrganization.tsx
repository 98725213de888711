import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { fieldErrors } from "../../api/client";
import { organizationCommands } from "../../api/organizations";
import { useEnterOrganization } from "../../app/organization";
import { BusyButton } from "../../components/BusyButton";
import { Dialog } from "../../components/Dialog";
import { Problem } from "../../components/Problem";
import { TextField } from "../../components/TextField";
import { strings } from "../../strings";

const NAME_MAX = 100;
const SLUG_MAX = 50;
const FIELDS = { name_invalid: "name", slug_invalid: "slug", slug_taken: "slug" } as const;

/** Makes an organization and leads to where people are invited into it. */
export default function NewOrganization({ onClose }: { onClose: () => void }) {
  const enter = useEnterOrganization();
  const [name, setName] = useState("");
  const [slug, setSlug] = useState("");
  const create = useMutation({
    mutationFn: () => {
      const chosen = slug.trim();
      return organizationCommands.create({ name: name.trim(), ...(chosen === "" ? {} : { slug: chosen }) });
    },
    onSuccess: async (organization) => {
      await enter(organization, "/settings/members");
      onClose();
    },
  });
  const errors = fieldErrors(create.error, FIELDS);
  const unexplained = create.isError && Object.keys(errors).length === 0;

  return (
    <Dialog open onClose={onClose} title={strings.organizations.newTitle} description={strings.organizations.newText}>
      <form
        className="dialog__form"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== "") create.mutate();
        }}
      >
        {unexplained ? <Problem error={create.error} /> : null}
        <TextField
          label={strings.organizations.name}
          placeholder={strings.organizations.namePlaceholder}
          value={name}
          maxLength={NAME_MAX}
          autoComplete="organization"
          error={errors.name}
          onChange={(event) => setName(event.target.value)}
        />
        <TextField
          label={strings.organizations.slug}
          hint={strings.organizations.slugNewHint}
          value={slug}
          maxLength={SLUG_MAX}
          autoComplete="off"
          spellCheck={false}
          error={errors.slug}
          onChange={(event) => setSlug(event.target.value)}
        />
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onClose}>
            {strings.common.cancel}
          </button>
          <BusyButton type="submit" className="button button--primary" disabled={name.trim() === ""} busy={create.isPending}>
            {create.isPending ? strings.organizations.creating : strings.organizations.createNow}
          </BusyButton>
        </div>
      </form>
    </Dialog>
  );
}
