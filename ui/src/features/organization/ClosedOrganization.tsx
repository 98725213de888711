import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Archive, CirclePause } from "lucide-react";
import { keys } from "../../api/queries";
import { organizationCommands, organizationQuery } from "../../api/organizations";
import type { Me } from "../../api/types";
import { useEnterOrganization } from "../../app/organization";
import { BusyButton } from "../../components/BusyButton";
import { Empty } from "../../components/Empty";
import { Problem } from "../../components/Problem";
import { formatDate } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";

/** Stands in place of every page of an organization that is deleted or suspended. */
export default function ClosedOrganization({ me }: { me: Me }) {
  const { name, status } = me.organization;
  const mayRestore = me.may.includes("restore_organization");
  const client = useQueryClient();
  const enter = useEnterOrganization();
  const organization = useQuery(organizationQuery);
  const deleted = status === "deleted";
  const title = deleted ? strings.organizations.deletedTitle(name) : strings.organizations.suspendedTitle(name);
  useTitle(title);
  const restore = useMutation({
    mutationFn: organizationCommands.restore,
    onSuccess: async (after) => {
      client.setQueryData(keys.organization, after);
      await client.invalidateQueries({ queryKey: keys.me });
      showToast(strings.organizations.restored(name));
    },
  });
  const personal = me.organizations.find((one) => one.is_personal);
  const until = organization.data?.erased_after ?? null;

  return (
    <div className="page page--narrow">
      <h1 className="visually-hidden">{title}</h1>
      <Empty
        icon={deleted ? Archive : CirclePause}
        title={title}
        text={
          deleted
            ? [until === null ? "" : strings.organizations.deletedText(formatDate(until)), mayRestore ? "" : strings.organizations.deletedAsk]
                .filter(Boolean)
                .join(" ")
            : strings.organizations.suspendedText
        }
      >
        {mayRestore ? (
          <BusyButton type="button" className="button button--primary" busy={restore.isPending} onClick={() => restore.mutate()}>
            {strings.organizations.restore}
          </BusyButton>
        ) : null}
        {personal ? (
          <button type="button" className="button" onClick={() => void enter(personal, "/")}>
            {strings.organizations.goTo(personal.name)}
          </button>
        ) : null}
      </Empty>
      {restore.isError ? <Problem error={restore.error} /> : null}
    </div>
  );
}
