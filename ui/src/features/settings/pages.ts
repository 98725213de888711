import type { LinkProps } from "@tanstack/react-router";
import {
  Building2,
  ChartColumn,
  EyeOff,
  Film,
  Globe,
  KeyRound,
  ListChecks,
  ScrollText,
  Send,
  ShieldCheck,
  SlidersHorizontal,
  UserRound,
  UsersRound,
  Webhook,
  type LucideIcon,
} from "lucide-react";
import type { Action, Me } from "../../api/types";
import { strings } from "../../strings";

export interface SettingsPage {
  to: NonNullable<LinkProps["to"]>;
  label: string;
  icon: LucideIcon;
  /** What one must be allowed here to see it. */
  needs?: Action;
}

export const OWN_PAGES: readonly SettingsPage[] = [
  { to: "/settings", label: strings.settings.account, icon: UserRound },
  { to: "/settings/preferences", label: strings.settings.preferences, icon: SlidersHorizontal },
  { to: "/settings/security", label: strings.settings.security, icon: ShieldCheck },
  { to: "/settings/privacy", label: strings.privacy.title, icon: EyeOff },
  { to: "/settings/keys", label: strings.settings.keys, icon: KeyRound },
];

export const ORGANIZATION_PAGES: readonly SettingsPage[] = [
  { to: "/settings/organization", label: strings.settings.organization, icon: Building2 },
  { to: "/settings/members", label: strings.settings.members, icon: UsersRound },
  { to: "/settings/tasks", label: strings.tasks.title, icon: ListChecks },
  { to: "/settings/domains", label: strings.domains.title, icon: Globe, needs: "manage_domains" },
  { to: "/settings/delivery", label: strings.delivery.title, icon: Send, needs: "manage_delivery" },
  { to: "/settings/encoding", label: strings.encoding.title, icon: Film, needs: "manage_encoding" },
  { to: "/settings/webhooks", label: strings.webhooks.title, icon: Webhook, needs: "manage_webhooks" },
  { to: "/settings/traffic", label: strings.traffic.title, icon: ChartColumn, needs: "read_analytics" },
  { to: "/settings/audit", label: strings.settings.audit, icon: ScrollText, needs: "read_audit_log" },
];

/** Those that this person may see. */
export function openPages(pages: readonly SettingsPage[], me: Me | undefined): SettingsPage[] {
  return pages.filter(({ needs }) => needs === undefined || me?.may.includes(needs) === true);
}
