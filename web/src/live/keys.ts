import { onBeforeUnmount, onMounted } from 'vue';

/** Bind keys (`KeyboardEvent.key`, letters in lower case) while the page is open. Typing is never taken for a command. */
export function useKeys(bindings: Readonly<Record<string, () => void>>): void {
  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const target = event.target as HTMLElement | null;
    if (target?.closest('input, textarea, select, [contenteditable]')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const run = bindings[key];
    if (!run) return;
    event.preventDefault();
    run();
  }
  onMounted(() => window.addEventListener('keydown', onKey));
  onBeforeUnmount(() => window.removeEventListener('keydown', onKey));
}
