/** Names of files as people read them. */
import { useI18n } from 'vue-i18n';
import type { ResourceFile, Sheet } from './types';

const RENDITIONS = ['lecturer', 'low', 'screen', 'guest', 'audio', 'light'] as const;

export function useWords() {
  const { t, locale } = useI18n();

  /** Return what a rendition or file is called. */
  function fileName(name: string, files: readonly Pick<ResourceFile, 'name' | 'title'>[]): string {
    const title = files.find((one) => one.name === name)?.title;
    const known = RENDITIONS.find((one) => one === name);
    return title || (known ? t(`resources.rendition.${known}`) : name);
  }

  /** Return what would stay behind if the resource were published now, each once. */
  function staying(sheet: Sheet): string[] {
    return [...new Set(sheet.stays.map((one) => one.rendition))].map((name) => fileName(name, sheet.files));
  }

  const joined = (names: readonly string[]): string => names.join(locale.value === 'en' ? ', ' : '、');

  return { fileName, joined, staying };
}
