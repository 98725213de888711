import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Braces, Captions, Download, EllipsisVertical, File as FileIcon, FileText, FileUp, FileVideo, Link2, Trash2 } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useRef, useState } from "react";
import { request } from "../../api/client";
import { useMay } from "../../api/me";
import { commands, keys } from "../../api/queries";
import { Confirm } from "../../components/Confirm";
import { Tip } from "../../components/Tip";
import { copyText } from "../../lib/clipboard";
import { save } from "../../lib/download";
import { formatClock } from "../../lib/format";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { tell, useVideoActions } from "../library/actions";
import { useVideo } from "./context";

/** What can be done with the recording as a whole. */
export function VideoToolbar() {
  const { video, player, transcript } = useVideo();
  const mayEdit = useMay("edit_content");
  const hasText = transcript !== undefined && transcript.segments.length > 0;
  const original = video.playback.download_url;

  const copyLink = (): void => {
    const second = Math.floor(player.time_ms() / 1000);
    const address = new URL(`/videos/${video.id}`, location.href);
    if (second > 0) address.searchParams.set("t", String(second));
    void copyText(address.href).then((copied) => {
      if (copied) showToast(second > 0 ? `${strings.video.linkCopied} · ${formatClock(second * 1000)}` : strings.video.linkCopied);
    });
  };

  return (
    <div className="toolbar">
      <Tip text={strings.video.copyLink}>
        <button type="button" className="button toolbar__button" onClick={copyLink}>
          <Link2 size={16} aria-hidden />
          <span>{strings.video.copyLink}</span>
        </button>
      </Tip>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger asChild>
          <button type="button" className="button toolbar__button">
            <Download size={16} aria-hidden />
            <span>{strings.video.download}</span>
          </button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="end" sideOffset={6}>
            {original === null ? null : (
              <DropdownMenu.Item asChild className="menu__item">
                <a href={original} download={video.filename}>
                  <FileVideo size={16} aria-hidden />
                  {strings.video.downloadOriginal}
                </a>
              </DropdownMenu.Item>
            )}
            {original !== null && hasText ? <div className="menu__rule" /> : null}
            {hasText
              ? CAPTION_FORMATS.map(({ extension, label, icon: Icon }) => (
                  <DropdownMenu.Item
                    key={extension}
                    className="menu__item"
                    onSelect={() => void saveCaptions(video.id, video.title, extension).catch(tell)}
                  >
                    <Icon size={16} aria-hidden />
                    {label}
                  </DropdownMenu.Item>
                ))
              : null}
            {original === null && !hasText ? (
              <DropdownMenu.Item className="menu__item" disabled>
                {strings.video.notPlayable}
              </DropdownMenu.Item>
            ) : null}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {mayEdit ? <MoreMenu /> : null}
    </div>
  );
}

/** What changes the recording as a whole. */
function MoreMenu() {
  const { video, transcript } = useVideo();
  const [captions, setCaptions] = useState<File | null>(null);
  const actions = useVideoActions();
  const navigate = useNavigate();
  const client = useQueryClient();
  const captionFile = useRef<HTMLInputElement>(null);

  const replaceCaptions = async (file: File): Promise<void> => {
    const { warnings } = await commands.replaceCaptions(video.id, file);
    showToast([strings.video.captionsReplaced, warnings.length > 0 ? strings.video.captionsWarned(warnings.length) : ""].join(" "));
    void client.invalidateQueries({ queryKey: keys.transcript(video.id) });
    void client.invalidateQueries({ queryKey: keys.video(video.id) });
    void client.invalidateQueries({ queryKey: keys.summary(video.id) });
  };
  const isWithoutText = transcript?.segments.length === 0;

  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger asChild>
          <button type="button" className="icon-button" aria-label={strings.common.more}>
            <EllipsisVertical size={20} aria-hidden />
          </button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="end" sideOffset={6}>
            {video.asset_id === null ? null : (
              <DropdownMenu.Item asChild className="menu__item">
                <Link to="/files/$assetId" params={{ assetId: video.asset_id }}>
                  <FileIcon size={16} aria-hidden />
                  {strings.video.openFile}
                </Link>
              </DropdownMenu.Item>
            )}
            <DropdownMenu.Item className="menu__item" onSelect={() => captionFile.current?.click()}>
              <FileUp size={16} aria-hidden />
              {strings.video.uploadCaptions}
            </DropdownMenu.Item>
            <div className="menu__rule" />
            <DropdownMenu.Item
              className="menu__item menu__item--danger"
              onSelect={() => {
                actions.remove(video);
                void navigate({ to: "/library" });
              }}
            >
              <Trash2 size={16} aria-hidden />
              {strings.video.delete}
            </DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <input
        ref={captionFile}
        type="file"
        hidden
        accept=".vtt,.srt,text/vtt,application/x-subrip"
        aria-label={strings.video.uploadCaptions}
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (!file) return;
          // Where there is no text, nothing is lost.
          if (isWithoutText) void replaceCaptions(file).catch(tell);
          else setCaptions(file);
        }}
      />
      {captions ? (
        <Confirm
          title={strings.video.captionsTitle(video.title)}
          text={strings.video.captionsText(captions.name)}
          action={strings.video.captionsReplace}
          onConfirm={() => replaceCaptions(captions)}
          onClose={() => setCaptions(null)}
        />
      ) : null}
    </>
  );
}

const CAPTION_FORMATS = [
  { extension: "vtt", label: strings.video.downloadVtt, icon: Captions },
  { extension: "srt", label: strings.video.downloadSrt, icon: Captions },
  { extension: "txt", label: strings.video.downloadTxt, icon: FileText },
  { extension: "json", label: strings.video.downloadJson, icon: Braces },
] as const;

async function saveCaptions(videoId: string, title: string, extension: string): Promise<void> {
  const response = await request("GET", `/videos/${videoId}/captions.${extension}`, { headers: { Accept: "*/*" } });
  save(await response.blob(), `${title.replace(/[\\/:*?"<>|]+/gu, " ").trim() || "captions"}.${extension}`);
}
