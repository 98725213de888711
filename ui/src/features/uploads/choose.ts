import { addFiles } from "./manager";

const ALL =
  "video/*,audio/*,.mkv,.flac,.opus,.m4a,.vtt,.srt,.json,image/jpeg,image/png,image/gif,image/webp,image/avif,.heic,.heif,.pdf,.docx,.pptx,.odt,.odp,.txt,.md,.html";

/** Opens the system's file chooser for files of these kinds; resolves once files were chosen or the chooser was left. */
export function pickFiles(multiple: boolean, kinds: string = ALL): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = multiple;
    input.accept = kinds;
    input.onchange = () => resolve([...(input.files ?? [])]);
    input.oncancel = () => resolve([]);
    input.click();
  });
}

export async function chooseFiles(): Promise<void> {
  const files = await pickFiles(true);
  if (files.length > 0) addFiles(files.map((file) => ({ file })));
}
