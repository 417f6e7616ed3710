/** English for the rules that come with the system (server/planning/credits/rules-2026-1.json). Rules are data of a
 *  region, in its own words: those that it writes itself stay as they are. */
const ENGLISH: Record<string, string> = {
  '教研学分规则（试行）': 'Rules of credits (trial)',
  主备跨区教案: 'Leading a plan across regions',
  协同备课: 'Planning together',
  '双师课堂（主讲与本地教师相同）': 'A lesson taught by two (the same for both)',
  听课评课: 'Observing and reviewing',
  完成改进项: 'Closing an improvement',
  跨区主备教师: 'Plan lead across regions',
  双师课堂教师: 'Teacher of lessons by two',
  听评课伙伴: 'Partner in reviewing',
  改进行动者: 'Improver',
  '主备至少 1 份跨区教案：定稿、本人保留文字不少于 30%，并已用于课堂。':
    'Led a plan across regions: final, at least 30% of its words one’s own, and taught.',
  '完成至少 5 节双师课，两端连接时间都不少于计划的 80%。':
    'Taught 5 lessons by two, both ends connected for at least 80% of the planned time.',
  '至少 3 次听评课，每次不少于 3 条带时间的记录，且至少 1 条被采纳。':
    'Reviewed 3 lessons, each with at least 3 notes in time, one of them accepted.',
  '完成至少 3 条改进项，每条都有后来的教案版本或课堂作为依据。':
    'Closed 3 improvements, each shown by a later version or lesson.',
};

/** Return words of the rules in the page's language, as far as there are any. */
export function inLanguage(own: string, locale: string): string {
  return locale === 'en' ? (ENGLISH[own] ?? own) : own;
}
