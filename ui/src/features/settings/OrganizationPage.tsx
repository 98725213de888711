import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Archive } from "lucide-react";
import { useId, useState } from "react";
import { fieldErrors } from "../../api/client";
import { useMay, useMe } from "../../api/me";
import { organizationCommands, organizationQuery } from "../../api/organizations";
import { organizationExports } from "../../api/privacy";
import { keys } from "../../api/queries";
import { NAME_MAX, type Organization, type OrganizationChanges } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Dialog } from "../../components/Dialog";
import { OrganizationMark } from "../../components/OrganizationMark";
import { Problem } from "../../components/Problem";
import { TextField } from "../../components/TextField";
import { formatDate } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { Exports } from "./Exports";
import { UploadLimits } from "./limits/UploadLimits";

const EXPORTS = {
  title: strings.privacy.organizationExports,
  lead: strings.privacy.organizationExportsLead,
  none: strings.privacy.exportNone,
  noneText: strings.privacy.organizationExportNoneText,
};
const SLUG_MAX = 50;
const DESCRIPTION_MAX = 5000;
const FIELDS = {
  name_invalid: "name",
  slug_invalid: "slug",
  slug_taken: "slug",
  description_invalid: "description",
} as const;

export function OrganizationPage() {
  useTitle(strings.settings.organization);
  const organization = useQuery(organizationQuery);
  const mine = useMe()?.organization.is_personal ?? false;
  const mayManage = useMay("manage_organization");
  const mayExport = useMay("export_organization");
  const mayDelete = useMay("delete_organization");
  if (organization.isError && !organization.data) return <Problem error={organization.error} onRetry={() => void organization.refetch()} />;
  if (!organization.data) return <div className="skeleton" style={{ height: 320 }} />;
  return (
    <>
      <section className="settings__section">
        <div className="settings__who">
          <OrganizationMark name={organization.data.name} />
          <div>
            <h2>{organization.data.name}</h2>
            <p className="soft">{mine ? strings.organizations.personalLead : strings.organizations.lead}</p>
          </div>
        </div>
        {mayManage ? <ChangeForm key={formKey(organization.data)} organization={organization.data} /> : null}
        <Facts organization={organization.data} all={!mayManage} />
      </section>
      {mayManage ? <UploadLimits /> : null}
      {mayExport ? <Exports icon={Archive} of={organizationExports} says={EXPORTS} /> : null}
      {mayDelete && !organization.data.is_personal ? <DeleteSection organization={organization.data} /> : null}
    </>
  );
}

/** What was saved begins the form anew. */
function formKey({ name, slug, description }: Organization): string {
  return JSON.stringify([name, slug, description]);
}

function Facts({ organization, all }: { organization: Organization; all: boolean }) {
  const { slug, description, role, member_count, created_at } = organization;
  const maySlug = useMay("change_slug");
  return (
    <dl className="settings__facts">
      {all && description !== null ? (
        <div>
          <dt>{strings.organizations.description}</dt>
          <dd>{description}</dd>
        </div>
      ) : null}
      {all || !maySlug ? (
        <div>
          <dt>{strings.organizations.slug}</dt>
          <dd>{slug}</dd>
        </div>
      ) : null}
      <div>
        <dt>{strings.settings.role}</dt>
        <dd>{strings.roles[role]}</dd>
      </div>
      <div>
        <dt>{strings.settings.members}</dt>
        <dd>
          <Link className="settings__inline-link number" to="/settings/members">
            {strings.members.count(member_count)}
          </Link>
        </dd>
      </div>
      <div>
        <dt>{strings.organizations.made}</dt>
        <dd>{formatDate(created_at)}</dd>
      </div>
    </dl>
  );
}

function ChangeForm({ organization }: { organization: Organization }) {
  const client = useQueryClient();
  const id = useId();
  const maySlug = useMay("change_slug");
  const [name, setName] = useState(organization.name);
  const [slug, setSlug] = useState(organization.slug);
  const [description, setDescription] = useState(organization.description ?? "");
  const changes = changesOf(organization, { name, slug, description });
  const changed = Object.keys(changes).length > 0;

  const save = useMutation({
    mutationFn: () => organizationCommands.change(changes),
    onSuccess: async (after) => {
      await client.invalidateQueries({ queryKey: keys.me });
      client.setQueryData(keys.organization, after);
      showToast(strings.settings.saved);
    },
  });
  const errors = fieldErrors(save.error, FIELDS);
  const unexplained = save.isError && Object.keys(errors).length === 0;

  return (
    <form
      className="settings__form"
      onSubmit={(event) => {
        event.preventDefault();
        if (changed && name.trim() !== "") save.mutate();
      }}
    >
      {unexplained ? <Problem error={save.error} /> : null}
      <TextField
        label={strings.organizations.name}
        value={name}
        maxLength={NAME_MAX}
        autoComplete="off"
        error={errors.name}
        onChange={(event) => setName(event.target.value)}
      />
      {maySlug ? (
        <TextField
          label={strings.organizations.slug}
          hint={strings.organizations.slugHint}
          value={slug}
          maxLength={SLUG_MAX}
          autoComplete="off"
          spellCheck={false}
          error={errors.slug}
          onChange={(event) => setSlug(event.target.value)}
        />
      ) : null}
      <div className="field">
        <label className="field__label" htmlFor={`${id}-description`}>
          {strings.organizations.description}
        </label>
        <textarea
          id={`${id}-description`}
          className="input"
          dir="auto"
          value={description}
          maxLength={DESCRIPTION_MAX}
          placeholder={strings.organizations.descriptionPlaceholder}
          aria-invalid={errors.description !== undefined}
          aria-describedby={errors.description === undefined ? undefined : `${id}-note`}
          onChange={(event) => setDescription(event.target.value)}
        />
        {errors.description === undefined ? null : (
          <p id={`${id}-note`} className="field__error">
            {errors.description}
          </p>
        )}
      </div>
      <div>
        <BusyButton
          type="submit"
          className="button button--primary"
          busy={!changed || name.trim() === "" || save.isPending}
        >
          {strings.common.save}
        </BusyButton>
      </div>
    </form>
  );
}

/** Only what differs is sent, so that what an admin may not change is not in the request. */
function changesOf(before: Organization, after: { name: string; slug: string; description: string }): OrganizationChanges {
  const changes: OrganizationChanges = {};
  if (after.name.trim() !== before.name) changes.name = after.name.trim();
  if (after.slug.trim() !== before.slug) changes.slug = after.slug.trim();
  const description = after.description.trim() === "" ? null : after.description.trim();
  if (description !== before.description) changes.description = description;
  return changes;
}

function DeleteSection({ organization }: { organization: Organization }) {
  const [asking, setAsking] = useState(false);
  return (
    <section className="settings__section">
      <div>
        <h2>{strings.organizations.remove}</h2>
        <p className="soft">{strings.organizations.removeLead}</p>
      </div>
      <div>
        <button type="button" className="button button--danger" onClick={() => setAsking(true)}>
          {strings.organizations.remove}
        </button>
      </div>
      {asking ? <DeleteDialog organization={organization} onClose={() => setAsking(false)} /> : null}
    </section>
  );
}

function DeleteDialog({ organization, onClose }: { organization: Organization; onClose: () => void }) {
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const remove = useMutation({
    mutationFn: () => organizationCommands.remove(typed.trim()),
    onSuccess: async () => {
      onClose();
      await client.invalidateQueries({ queryKey: keys.organization });
      // The page gives way to the one that offers to restore it.
      await client.invalidateQueries({ queryKey: keys.me });
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={strings.organizations.removeTitle(organization.name)}
      description={strings.organizations.removeText}
    >
      <form
        className="dialog__form"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim() === organization.slug) remove.mutate();
        }}
      >
        {remove.isError ? <Problem error={remove.error} /> : null}
        <TextField
          label={strings.organizations.removeConfirm(organization.slug)}
          value={typed}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setTyped(event.target.value)}
        />
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onClose}>
            {strings.common.cancel}
          </button>
          <BusyButton
            type="submit"
            className="button button--danger"
            disabled={typed.trim() !== organization.slug}
            busy={remove.isPending}
          >
            {strings.organizations.remove}
          </BusyButton>
        </div>
      </form>
    </Dialog>
  );
}
