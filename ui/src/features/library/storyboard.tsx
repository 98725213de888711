import { queryOptions } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { keys } from "../../api/queries";
import { parseStoryboard, type StoryboardFrame } from "../../lib/vtt";

/** The frames of a storyboard; signed addresses change, so the video's id is the key. */
export function storyboardQuery(videoId: string, url: string | null) {
  return queryOptions({
    queryKey: [...keys.storyboard(videoId), url !== null],
    queryFn: async ({ signal }) => {
      const response = await fetch(url ?? "", { signal });
      if (!response.ok) throw new Error(`storyboard answered ${response.status}`);
      return parseStoryboard(await response.text(), url ?? "");
    },
    enabled: url !== null,
    staleTime: 30 * 60_000,
    retry: false,
  });
}

/** One picture of a sprite, scaled to `width` pixels. Nothing is drawn until the sprite has arrived. */
export function StoryboardPicture({ frame, width }: { frame: StoryboardFrame; width: number }) {
  const [ready, setReady] = useState<string | null>(null);

  useEffect(() => {
    const image = new Image();
    let current = true;
    image.onload = () => {
      if (current) setReady(frame.url);
    };
    image.src = frame.url;
    return () => {
      current = false;
    };
  }, [frame.url]);

  const scale = width / frame.width;
  return (
    <div style={{ width, height: frame.height * scale, overflow: "hidden" }} aria-hidden>
      {ready === frame.url ? (
        <div
          style={{
            width: frame.width,
            height: frame.height,
            backgroundImage: `url("${frame.url}")`,
            backgroundPosition: `-${frame.x}px -${frame.y}px`,
            transform: `scale(${scale})`,
            transformOrigin: "0 0",
          }}
        />
      ) : null}
    </div>
  );
}
