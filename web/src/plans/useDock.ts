/** What is open beside the text: which tab, whether at all, and which old version in its place. */
import { ref } from 'vue';
import type { Tab } from './tabs';

/** Up to this width in px the dock is a sheet over the text: PlanDesk.css, 56 rem. */
const SHEET = 900;

export function useDock() {
  const tab = ref<Tab>('comments');
  const isOpen = ref(window.innerWidth > SHEET);
  const version = ref<number | null>(null);

  function show(next: Tab): void {
    tab.value = next;
    isOpen.value = true;
  }

  /** Look at a version, or with null at the text again; on a phone the sheet over it goes. */
  function look(number: number | null): void {
    version.value = number;
    if (window.innerWidth <= SHEET) isOpen.value = false;
  }

  return { tab, isOpen, version, show, look };
}
