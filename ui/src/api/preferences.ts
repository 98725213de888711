import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { setFormats } from "../lib/format";
import { preferences as local, setPreferences, type Theme } from "../lib/preferences";
import { showToast } from "../lib/toasts";
import { strings } from "../strings";
import { isApiError, requestJson } from "./client";
import { keys } from "./queries";
import type { Preferences, PreferenceChanges } from "./types";

/** What a person chose, on every device. It takes effect as it arrives; the theme is kept by the device for its next first paint. */
export const preferencesQuery = queryOptions({
  queryKey: keys.preferences,
  queryFn: async ({ signal }) => {
    const chosen = await requestJson<Preferences>("GET", "/me/preferences", { organization: null, signal });
    adopt(chosen);
    return chosen;
  },
  staleTime: 5 * 60_000,
  // The first page waits for it, and does without.
  retry: false,
});

function adopt({ theme, locale, time_zone }: Preferences): void {
  if (local().theme !== theme) setPreferences({ theme });
  setFormats({ locale, timeZone: time_zone });
}

const CHANGE = ["change preferences"] as const;

/** Changes preferences at once, and back again where the server refuses. */
export function useChangePreferences() {
  const client = useQueryClient();
  return useMutation({
    mutationKey: CHANGE,
    // One after the other, so that the last answer is about all of them.
    scope: { id: CHANGE[0] },
    mutationFn: (json: PreferenceChanges) => requestJson<Preferences>("PATCH", "/me/preferences", { json, organization: null }),
    onMutate: async (changes) => {
      if (changes.theme !== undefined) setPreferences({ theme: changes.theme });
      await client.cancelQueries({ queryKey: keys.preferences });
      const before = client.getQueryData<Preferences>(keys.preferences);
      if (before) take({ ...before, ...changes });
      return before;
    },
    onSuccess: (chosen) => {
      // An answer knows nothing of what was chosen since.
      if (client.isMutating({ mutationKey: CHANGE }) === 1) take(chosen);
    },
    onError: (error, _changes, before) => {
      if (before) take(before);
      showToast(isApiError(error) ? error.message : strings.errors.title);
    },
  });

  function take(chosen: Preferences): void {
    adopt(chosen);
    client.setQueryData<Preferences>(keys.preferences, chosen);
  }
}

/** Changes the theme, here and on the person's other devices. */
export function useChangeTheme(): (theme: Theme) => void {
  const { mutate } = useChangePreferences();
  return useCallback((theme) => mutate({ theme }), [mutate]);
}
