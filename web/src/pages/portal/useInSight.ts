/** Keep the chosen entry of a row of tabs in sight: on a phone the row is wider than the screen. */
import { onMounted, watch, type WatchSource } from 'vue';

/** Scroll `row` to its entry `chosen` (a CSS selector) at first, and whenever `when` changes. */
export function useInSight(row: () => HTMLElement | null, chosen: string, when: WatchSource): void {
  const look = (): void => {
    const bar = row();
    const entry = bar?.querySelector<HTMLElement>(chosen);
    if (!bar || !entry) return;
    // Not scrollIntoView: it moves the page too.
    bar.scrollLeft +=
      entry.getBoundingClientRect().left - bar.getBoundingClientRect().left - bar.clientWidth / 3;
  };
  onMounted(look);
  watch(when, look, { flush: 'post' });
}
