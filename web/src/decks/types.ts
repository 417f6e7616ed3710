/** What the HTTP interface says of decks: docs/http.md. */
import type { Named } from '@/api/types';
import type { Deck } from '@/generated/messages';

export type DeckState = 'converting' | 'ready' | 'failed';
/** What of a file was left out. */
export type Remark = 'scripts' | 'macros' | 'attachments' | 'forms';

export interface DeckInfo {
  id: string;
  title: string;
  owner: Named;
  school: Named | null;
  state: DeckState;
  /** 0: not known yet. */
  pages: number;
  /** Pages that are converted. */
  done: number;
  problem: string;
  problem_page: number | null;
  remarks: Remark[];
  created_at: string;
  originals: { name: string; bytes: number }[];
  /** With `{page}` and `{width}`. */
  page_url: string;
  widths: number[];
  may_remove: boolean;
}

export interface ListedDeck extends DeckInfo {
  found: { page: number; title: string }[];
}

export interface DeckPageInfo {
  title: string;
  /** Width to height. */
  ratio: number;
}

export interface DeckDetail extends DeckInfo {
  page_list: DeckPageInfo[];
  outline: { title: string; page: number; depth: number }[];
}

/** What the server takes. */
export interface Takes {
  bytes: number;
  pages: number;
  /** Whether it opens presentations of office programs. */
  office: boolean;
}

export interface LessonDeck {
  deck: Deck | null;
  page_list: DeckPageInfo[];
  /** The deck that the lesson gets as soon as it is converted. */
  coming: DeckInfo | null;
}

export interface UploadState {
  id: string;
  bytes: number;
  received: number;
}
