/** Which tool is in hand on this page. */
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { InkTool } from '@/generated/messages';
import type { Style } from './frames';

export type Tool = InkTool | 'eraser' | 'pointer';

export const useInkTools = defineStore('inkTools', () => {
  /** Null: none, the page is only looked at. */
  const tool = ref<Tool | null>(null);
  const colours = ref<Partial<Record<Tool, number>>>({ highlighter: 6, pen: 1 });
  const width = ref(1);
  const colour = computed({
    get: () => (tool.value ? (colours.value[tool.value] ?? colours.value.pen ?? 0) : 0),
    set: (number: number) => {
      if (tool.value) colours.value = { ...colours.value, [tool.value]: number };
    },
  });
  /** How what is drawn next looks; null: nothing is drawn. */
  const style = computed<Style | null>(() => {
    if (tool.value === null || tool.value === 'eraser' || tool.value === 'pointer') return null;
    return { tool: tool.value, colour: colour.value, width: width.value };
  });

  /** Take a tool; the one in hand is put away. */
  function take(wanted: Tool | null): void {
    tool.value = tool.value === wanted ? null : wanted;
  }

  return { tool, colour, width, style, take };
});
