import { useTitle } from "../../lib/hooks";
import { setPreferences, usePreferences, type Theme } from "../../lib/preferences";
import { strings } from "../../strings";

/** How the app looks and behaves for one person. */
export function PreferencesPage() {
  useTitle(strings.settings.preferences);
  const { theme, captions } = usePreferences();
  return (
    <section className="settings__section">
      <h2>{strings.settings.appearance}</h2>
      <label className="field">
        <span className="field__label">{strings.bar.theme}</span>
        <select
          className="select"
          value={theme}
          onChange={(event) => setPreferences({ theme: event.target.value as Theme })}
        >
          <option value="system">{strings.bar.themeSystem}</option>
          <option value="light">{strings.bar.themeLight}</option>
          <option value="dark">{strings.bar.themeDark}</option>
        </select>
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={captions}
          onChange={(event) => setPreferences({ captions: event.target.checked })}
        />
        {strings.settings.captionsDefault}
      </label>
    </section>
  );
}
