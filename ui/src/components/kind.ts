import { AudioLines, FileText, Film, type LucideIcon } from "lucide-react";
import type { Video } from "../api/types";

/** The picture that stands for a video without one. */
export const kindIcons: Record<Video["kind"], LucideIcon> = { video: Film, audio: AudioLines, text: FileText };
