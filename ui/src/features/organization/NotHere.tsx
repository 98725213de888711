import { useQuery } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { useMe } from "../../api/me";
import { elsewhereQuery } from "../../api/organizations";
import type { MyOrganization } from "../../api/types";
import { useEnterOrganization } from "../../app/organization";
import { Empty } from "../../components/Empty";
import { strings } from "../../strings";

const NONE: readonly MyOrganization[] = [];

/**
 * Stands in place of what is not there. Addresses name no organization, so that a link may lead to what another of one's own
 * has: it is asked for there, at this path of the API.
 */
export function NotHere({
  path,
  icon,
  title,
  text,
  children,
}: {
  path: string;
  icon: LucideIcon;
  title: string;
  text: string;
  /** Where to go from here. */
  children: ReactNode;
}) {
  const me = useMe();
  const enter = useEnterOrganization();
  const router = useRouter();
  const others = me?.organizations.filter(({ id }) => id !== me.organization.id) ?? NONE;
  const found = useQuery(elsewhereQuery(path, others));
  if (found.isLoading) {
    return (
      <div aria-busy>
        <span className="visually-hidden" role="status">
          {strings.common.loading}
        </span>
      </div>
    );
  }
  const organization = found.data;
  if (!organization) {
    return (
      <Empty isPage icon={icon} title={title} text={text}>
        {children}
      </Empty>
    );
  }
  const open = (): void => {
    const { pathname, search } = router.latestLocation;
    void enter(organization, { to: pathname, search });
  };
  return (
    <Empty isPage icon={icon} title={strings.organizations.elsewhereTitle} text={strings.organizations.elsewhereText(organization.name)}>
      <button type="button" className="button button--primary" onClick={open}>
        {strings.organizations.openIn(organization.name)}
      </button>
      {children}
    </Empty>
  );
}
