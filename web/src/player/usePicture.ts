/** The picture of the page that is taught: the one before stays until the next is there. */
import { onScopeDispose, ref, watch, type Ref } from 'vue';
import { addressOf } from './resource';
import { nextStart, pageAt } from './timeline';
import type { Playback } from './playback';

const LATE_MS = 1_200; // a picture that takes longer must not hold back what is written on its page
const AGAIN_MS = 4_000;
const AHEAD_MS = 60_000; // the next page is fetched when it is this near
const SAFE_MS = 10_000; // and the voice has this much

export interface Picture {
  readonly page: number;
  readonly url: string;
  readonly ratio: number;
}

export function usePicture(playback: Playback, page: Ref<number>, mayFetch: Ref<boolean>) {
  const { resource, base, state } = playback;
  const picture = ref<Picture>({ page: 0, url: '', ratio: 16 / 9 });
  const isLate = ref(false);
  const ahead = new Set<string>();
  let timer = 0;
  let again = 0;

  const urlOf = (wanted: number): string => {
    const file = resource.page_files?.find((one) => one.page === wanted);
    return file ? addressOf(base, file.path) : '';
  };

  async function fetchPage(): Promise<void> {
    const wanted = page.value;
    window.clearTimeout(timer);
    window.clearTimeout(again);
    isLate.value = false;
    const url = urlOf(wanted);
    if (!mayFetch.value || wanted === picture.value.page) return;
    if (!url) return void (isLate.value = true);
    timer = window.setTimeout(() => (isLate.value = picture.value.page !== page.value), LATE_MS);
    const image = new Image();
    image.src = url;
    try {
      await image.decode();
      if (page.value !== wanted) return;
      picture.value = { page: wanted, url, ratio: image.naturalWidth / Math.max(1, image.naturalHeight) };
      isLate.value = false;
    } catch {
      if (page.value === wanted) again = window.setTimeout(() => void fetchPage(), AGAIN_MS);
    }
  }

  /** Fetch the next page ahead, once, when the voice is safe. */
  function prepare(): void {
    const next = nextStart(resource.pages, state.current);
    if (next === null || next - state.current > AHEAD_MS || state.aheadMs < SAFE_MS || !mayFetch.value)
      return;
    const url = urlOf(pageAt(resource.pages, next));
    if (!url || ahead.has(url)) return;
    ahead.add(url);
    new Image().src = url;
  }

  watch([page, mayFetch], () => void fetchPage(), { immediate: true });
  watch(() => Math.floor(state.current / 1_000), prepare);
  onScopeDispose(() => {
    window.clearTimeout(timer);
    window.clearTimeout(again);
  });
  return { picture, isLate };
}
