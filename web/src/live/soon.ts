/** Parts of a lesson's page that its first picture does not need. */
import { defineAsyncComponent, onMounted, type Component } from 'vue';

/**
 * Return the component, fetched as soon as the page stands: in class it must open without the network.
 * Called in a component's setup.
 */
export function soon<Part extends Component>(load: () => Promise<{ default: Part }>): Part {
  // What fails is asked for again when it is opened.
  onMounted(() => void load().catch(() => undefined));
  return defineAsyncComponent<Part>(async () => (await load()).default);
}
