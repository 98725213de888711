import { addFiles } from "./manager";

/** Opens the system's file chooser; resolves once files were chosen or the chooser was left. */
export function pickFiles(multiple: boolean): Promise<File[]> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = multiple;
    input.accept =
      "video/*,audio/*,.mkv,.flac,.opus,.m4a,.vtt,.srt,.json,image/jpeg,image/png,image/gif,image/webp,image/avif,.heic,.heif,.pdf,.docx,.pptx,.odt,.odp,.txt,.md,.html";
    input.onchange = () => resolve([...(input.files ?? [])]);
    input.oncancel = () => resolve([]);
    input.click();
  });
}

export async function chooseFiles(): Promise<void> {
  const files = await pickFiles(true);
  if (files.length > 0) addFiles(files.map((file) => ({ file })));
}
