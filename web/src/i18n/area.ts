/** The shape of a message tree with every text free: what the other language must fill. */
export type Words<T> = { [K in keyof T]: T[K] extends string ? string : Words<T[K]> };

export interface Area<T> {
  'zh-CN': T;
  en: Words<T>;
}

/** Bind the two languages of one area: the compiler refuses an English text that is missing or too many. */
export function area<T extends object>(zh: T, en: NoInfer<Words<T>>): Area<T> {
  return { 'zh-CN': zh, en };
}
