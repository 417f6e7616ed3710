/** Links to recordings, over HTTP (docs/http.md). */
import { request } from '@/api/client';
import type { Recording } from '@/api/types';

export type Scope = 'anyone' | 'region' | 'school';
export type Reach = 'school' | 'region' | 'public';
export type ShareState = 'open' | 'over' | 'used_up' | 'revoked';

export interface Share {
  id: string;
  url: string;
  embed_url: string | null;
  state: ShareState;
  renditions: string[];
  scope: Scope;
  school: { id: string; name: string } | null;
  note: string;
  may_take: boolean;
  frames: string[];
  expires_at: string;
  max_uses: number | null;
  used: number;
  made_by: string;
  made_at: string;
  revoked_at: string | null;
}

export interface Shelf {
  title: string;
  recording_id: string;
  may_go_out: boolean;
  is_withdrawn: boolean;
  is_free: boolean;
  renditions: { name: string; bytes: number; minors: boolean; leaves: Reach[] }[];
  items: Share[];
}

export interface NewShare {
  renditions: string[];
  scope: Scope;
  school_id: string | null;
  note: string;
  may_take: boolean;
  frames: string[];
  days: number;
  max_uses: number | null;
}

export interface Opened {
  recording: Recording;
  base: string;
  licence: string;
  description: string;
  expires_at: string;
}

const at = encodeURIComponent;

export const sharing = {
  shelf: (resource: string) => request<Shelf>('GET', `/api/resources/${at(resource)}/shares`),
  make: (resource: string, wanted: NewShare) =>
    request<Share>('POST', `/api/resources/${at(resource)}/shares`, wanted),
  revoke: (share: string) => request<undefined>('DELETE', `/api/shares/${at(share)}`),
  open: (share: string) => request<Opened>('POST', `/api/shared/${at(share)}`, {}),
};

export const codeAddress = (share: string): string => `/api/shares/${at(share)}/qr.svg`;
