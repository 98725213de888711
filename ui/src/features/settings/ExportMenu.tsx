import { useMutation } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { request, type Query } from "../../api/client";
import { save } from "../../lib/download";
import { tell } from "../library/actions";

type Format = "csv" | "jsonl";

const FORMATS = ["csv", "jsonl"] as const satisfies readonly Format[];

/** Downloads what a page shows, as one of the forms that other programs read. */
export function ExportMenu({
  label,
  formats,
  path,
  query,
  name,
}: {
  label: string;
  formats: Record<Format, string>;
  path: string;
  query: (format: Format) => Query;
  /** Of the file, without its ending. */
  name: string;
}) {
  const download = useMutation({
    mutationFn: async (format: Format) => {
      const answer = await request("GET", path, { query: query(format) });
      save(await answer.blob(), `${name}.${format}`);
    },
    onError: tell,
  });
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger className="button">
        <Download size={16} aria-hidden />
        {label}
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={6}>
          {FORMATS.map((format) => (
            <DropdownMenu.Item
              key={format}
              className="menu__item"
              // Not what opens the menu, which has the focus again once it closes.
              disabled={download.isPending}
              onSelect={() => download.mutate(format)}
            >
              {formats[format]}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
