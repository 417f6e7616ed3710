import { ref } from 'vue';

export type Theme = 'light' | 'dark';

const STORED = 'tongtang.theme';

function initialTheme(): Theme {
  const asked = new URLSearchParams(location.search).get('theme') ?? localStorage.getItem(STORED);
  return asked === 'dark' ? 'dark' : 'light';
}

export const theme = ref<Theme>('light');

/** Change the ground of everything shown, and remember it on this device. */
export function setTheme(next: Theme): void {
  theme.value = next;
  document.documentElement.dataset.theme = next;
  localStorage.setItem(STORED, next);
}

setTheme(initialTheme());
