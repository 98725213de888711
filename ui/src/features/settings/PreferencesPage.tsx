import { useQuery } from "@tanstack/react-query";
import { preferencesQuery, useChangePreferences } from "../../api/preferences";
import type { Preferences } from "../../api/types";
import { Problem } from "../../components/Problem";
import { formatDateTime, languageName } from "../../lib/format";
import { useTitle } from "../../lib/hooks";
import { setPreferences, usePreferences } from "../../lib/preferences";
import { strings } from "../../strings";

const RHYTHMS = ["instant", "daily", "weekly", "off"] as const satisfies readonly Preferences["notify_by_email"][];

/** How dates and numbers are written; the app itself speaks English. */
const LOCALES = [
  "ar", "cs-CZ", "da-DK", "de-AT", "de-CH", "de-DE", "en-AU", "en-CA", "en-GB", "en-IE", "en-US", "es-ES", "es-MX", "fi-FI", "fr-CA", "fr-FR",
  "he-IL", "hi-IN", "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL", "pl-PL", "pt-BR", "pt-PT", "sv-SE", "tr-TR", "uk-UA", "zh-CN", "zh-TW",
];

/** How the app looks and behaves for one person. */
export function PreferencesPage() {
  useTitle(strings.settings.preferences);
  const chosen = useQuery(preferencesQuery);
  if (chosen.isError && !chosen.data) return <Problem error={chosen.error} onRetry={() => void chosen.refetch()} />;
  if (!chosen.data) return <div className="skeleton" style={{ height: 320 }} />;
  return <Choices chosen={chosen.data} />;
}

function Choices({ chosen }: { chosen: Preferences }) {
  const { captions } = usePreferences();
  const { mutate } = useChangePreferences();
  const device = new Intl.DateTimeFormat().resolvedOptions();
  return (
    <>
      <section className="settings__section">
        <h2>{strings.settings.appearance}</h2>
        <Choice
          label={strings.bar.theme}
          value={chosen.theme}
          options={[
            ["system", strings.bar.themeSystem],
            ["light", strings.bar.themeLight],
            ["dark", strings.bar.themeDark],
          ]}
          onChoose={(theme) => mutate({ theme: theme as Preferences["theme"] })}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={captions}
            onChange={(event) => setPreferences({ captions: event.target.checked })}
          />
          {strings.settings.captionsDefault}
        </label>
      </section>
      <section className="settings__section">
        <div>
          <h2>{strings.preferences.formats}</h2>
          <p className="soft">{strings.preferences.formatsLead}</p>
        </div>
        <Choice
          label={strings.preferences.timeZone}
          value={chosen.time_zone ?? ""}
          options={[["", strings.preferences.asDevice(device.timeZone)], ...zones(chosen.time_zone)]}
          onChoose={(zone) => mutate({ time_zone: zone === "" ? null : zone })}
        />
        <Choice
          label={strings.preferences.locale}
          value={chosen.locale ?? ""}
          options={[["", strings.preferences.asBrowser(languageName(device.locale))], ...locales(chosen.locale)]}
          onChoose={(locale) => mutate({ locale: locale === "" ? null : locale })}
        />
        <p className="soft small" role="status">
          {strings.preferences.example(formatDateTime(new Date().toISOString()))}
        </p>
      </section>
      <section className="settings__section">
        <div>
          <h2>{strings.preferences.notifications}</h2>
          <p className="soft">{strings.preferences.notificationsLead}</p>
        </div>
        <label className="check">
          <input
            type="checkbox"
            checked={chosen.notify_in_app}
            onChange={(event) => mutate({ notify_in_app: event.target.checked })}
          />
          {strings.preferences.inApp}
        </label>
        <Choice
          label={strings.preferences.byEmail}
          value={chosen.notify_by_email}
          options={RHYTHMS.map((rhythm) => [rhythm, strings.preferences.rhythms[rhythm]])}
          onChoose={(rhythm) => mutate({ notify_by_email: rhythm as Preferences["notify_by_email"] })}
        />
      </section>
    </>
  );
}

function Choice({
  label,
  value,
  options,
  onChoose,
}: {
  label: string;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onChoose: (value: string) => void;
}) {
  return (
    <label className="field">
      <span className="field__label">{label}</span>
      <select className="select" value={value} onChange={(event) => onChoose(event.target.value)}>
        {options.map(([option, name]) => (
          <option key={option} value={option}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The zones this browser knows, and the one that was chosen on another. */
function zones(chosen: string | null): [string, string][] {
  const known = new Set(Intl.supportedValuesOf("timeZone"));
  known.add("UTC");
  if (chosen !== null) known.add(chosen);
  return [...known].sort().map((zone) => [zone, zone.replaceAll("_", " ")]);
}

function locales(chosen: string | null): [string, string][] {
  const known = new Set(LOCALES);
  if (chosen !== null) known.add(chosen);
  return [...known].map((locale): [string, string] => [locale, languageName(locale)]).sort(([, a], [, b]) => a.localeCompare(b));
}
