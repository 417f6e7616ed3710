/** The fields of a resource's metadata in words. */
import { useI18n } from 'vue-i18n';
import type { Field } from './shares';
import { LANGUAGES, LICENCE_WORDS, type Metadata } from './types';

export function useFieldWords() {
  const { t } = useI18n();

  function inWords(meta: Metadata, field: Field): string {
    switch (field) {
      case 'tier':
        return t(`resources.tier.${meta.tier}`);
      case 'flow':
        return t(`resources.flow.${meta.flow}`);
      case 'audience':
        return t(`resources.audience.${meta.audience}`);
      case 'licence':
        return t(`resources.licence.${LICENCE_WORDS[meta.licence]}`);
      case 'language': {
        const known = LANGUAGES.find((one) => one === meta.language);
        return known ? t(`resources.language.${known}`) : meta.language;
      }
      case 'contributors':
        return meta.contributors
          .map((one) => [one.name, t(`resources.role.${one.role}`), `${one.share_bp / 100}%`].join(' '))
          .join('\n');
      default:
        return meta[field];
    }
  }

  return { inWords };
}
