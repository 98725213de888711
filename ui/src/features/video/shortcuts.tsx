import { useEffect } from "react";
import type { Chapter } from "../../api/types";
import { Dialog } from "../../components/Dialog";
import { isTyping } from "../../lib/hooks";
import { preferences, setPreferences } from "../../lib/preferences";
import { indexAt } from "../../lib/vtt";
import { strings } from "../../strings";
import type { PlayerStore } from "./player-store";

/** Going back within this time of a chapter's start goes to the one before, as players do. */
const CHAPTER_GRACE_MS = 3000;

/** The keys people know from other players. */
export function usePlayerKeys(
  player: PlayerStore,
  chapters: readonly Chapter[],
  onFullscreen: () => void,
  onHelp: () => void,
): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("[role=dialog], [role=menu]")) return;
      if (act(event, player, chapters, onFullscreen, onHelp)) event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [player, chapters, onFullscreen, onHelp]);
}

function act(
  event: KeyboardEvent,
  player: PlayerStore,
  chapters: readonly Chapter[],
  onFullscreen: () => void,
  onHelp: () => void,
): boolean {
  // A focused control keeps the keys it understands itself.
  const control = event.target instanceof Element ? event.target.closest("button, a, input, [role=slider], [role=tab]") : null;
  const isArrow = event.key.startsWith("Arrow");
  if (control && event.key === " " && !control.matches("[type=range]")) return false;
  if (control && isArrow && control.matches("[role=tab], [role=slider], [type=range], [type=radio]")) return false;

  const { volume, duration_ms } = player.state();
  switch (event.key.length === 1 ? event.key.toLowerCase() : event.key) {
    case " ":
    case "k":
      player.toggle();
      return true;
    case "j":
      player.seekBy(-10_000);
      return true;
    case "l":
      player.seekBy(10_000);
      return true;
    case "ArrowLeft":
      player.seekBy(-5000);
      return true;
    case "ArrowRight":
      player.seekBy(5000);
      return true;
    case "ArrowUp":
      if (!aimsAtPlayer(event.target)) return false;
      player.setVolume(volume + 0.05);
      return true;
    case "ArrowDown":
      if (!aimsAtPlayer(event.target)) return false;
      player.setVolume(volume - 0.05);
      return true;
    case "m":
      player.toggleMuted();
      return true;
    case "c":
      setPreferences({ captions: !preferences().captions });
      return true;
    case "f":
      onFullscreen();
      return true;
    case "<":
      player.stepRate(-1);
      return true;
    case ">":
      player.stepRate(1);
      return true;
    case "n":
      return toChapter(player, chapters, 1);
    case "p":
      return toChapter(player, chapters, -1);
    case "?":
      onHelp();
      return true;
    default:
      if (!/^[0-9]$/u.test(event.key)) return false;
      player.seek((Number(event.key) / 10) * duration_ms);
      return true;
  }
}

/** Up and down scroll the page or the transcript unless the player is what has the focus. */
function aimsAtPlayer(target: EventTarget | null): boolean {
  return target === document.body || (target instanceof Element && target.closest(".player") !== null);
}

export function toChapter(player: PlayerStore, chapters: readonly Chapter[], direction: 1 | -1): boolean {
  if (chapters.length === 0) return false;
  const now = player.time_ms();
  const at = indexAt(chapters, now);
  let next = at + direction;
  if (direction === -1 && now - (chapters[at]?.start_ms ?? 0) > CHAPTER_GRACE_MS) next = at;
  const chapter = chapters[Math.max(0, next)];
  if (chapter) player.seek(chapter.start_ms);
  return true;
}

export function ShortcutsDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title={strings.shortcuts.title}>
      <dl className="shortcuts">
        {strings.shortcuts.rows.map(([what, ...keys]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key} className="kbd">
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <div className="dialog__actions">
        <button type="button" className="button" onClick={onClose}>
          {strings.common.close}
        </button>
      </div>
    </Dialog>
  );
}
