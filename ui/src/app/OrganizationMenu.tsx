import { Check, ChevronsUpDown, Plus } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { lazy, Suspense, useState } from "react";
import { useMe } from "../api/me";
import type { MyOrganization } from "../api/types";
import { OrganizationMark } from "../components/OrganizationMark";
import { Tip } from "../components/Tip";
import { strings } from "../strings";
import { useEnterOrganization } from "./organization";

const NewOrganization = lazy(() => import("../features/organization/NewOrganization"));

/** Says which organization this page is about, and leads into the others. */
export function OrganizationSwitcher({ collapsed }: { collapsed: boolean }) {
  const me = useMe();
  const [creating, setCreating] = useState(false);
  if (!me) return null;
  const { name } = me.organization;
  const label = strings.organizations.current(name);
  const trigger = (
    <DropdownMenu.Trigger asChild>
      <button type="button" className="rail__organization" aria-label={label} title={collapsed ? undefined : name}>
        <OrganizationMark name={name} />
        <span className="rail__text truncate">{name}</span>
        <ChevronsUpDown className="rail__text" size={16} aria-hidden />
      </button>
    </DropdownMenu.Trigger>
  );
  return (
    <>
      <DropdownMenu.Root modal={false}>
        {collapsed ? (
          <Tip text={label} side="right">
            {trigger}
          </Tip>
        ) : (
          trigger
        )}
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="start" sideOffset={6} collisionPadding={8}>
            <OrganizationItems onNew={() => setCreating(true)} />
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <NewOrganizationDialog open={creating} onClose={() => setCreating(false)} />
    </>
  );
}

/** What a menu offers to change organization: all of mine, and a new one. */
export function OrganizationItems({ onNew }: { onNew: () => void }) {
  const me = useMe();
  const enter = useEnterOrganization();
  return (
    <>
      <DropdownMenu.Label className="menu__label">{strings.organizations.mine}</DropdownMenu.Label>
      <DropdownMenu.RadioGroup value={me?.organization.id ?? ""}>
        {me?.organizations.map((organization) => (
          <DropdownMenu.RadioItem
            key={organization.id}
            className="menu__item"
            value={organization.id}
            textValue={organization.name}
            onSelect={() => {
              if (organization.id !== me.organization.id) void enter(organization);
            }}
          >
            <OrganizationMark name={organization.name} />
            <span className="menu__text">
              <span className="truncate">{organization.name}</span>
              <span className="faint small truncate">{standing(organization)}</span>
            </span>
            <span className="menu__check">
              <DropdownMenu.ItemIndicator>
                <Check size={16} aria-hidden />
              </DropdownMenu.ItemIndicator>
            </span>
          </DropdownMenu.RadioItem>
        ))}
      </DropdownMenu.RadioGroup>
      <div className="menu__rule" />
      <DropdownMenu.Item className="menu__item" onSelect={onNew}>
        <Plus size={16} aria-hidden />
        {strings.organizations.create}
      </DropdownMenu.Item>
    </>
  );
}

export function NewOrganizationDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  if (!open) return null;
  return (
    <Suspense fallback={null}>
      <NewOrganization onClose={onClose} />
    </Suspense>
  );
}

/** What one is in it, or why it is closed. */
function standing({ status, is_personal, role }: MyOrganization): string {
  if (status !== "active") return strings.organizations.status[status];
  return is_personal ? strings.organizations.personal : strings.roles[role];
}
