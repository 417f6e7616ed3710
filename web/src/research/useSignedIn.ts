/** Pages of the workshop are for people who are logged in: everybody else logs in first and comes back. */
import { useRoute, useRouter } from 'vue-router';
import { useWho } from '@/pages/portal/whoStore';

export function useSignedIn(): () => Promise<boolean> {
  const who = useWho();
  const route = useRoute();
  const router = useRouter();
  /** Return whether somebody is logged in; if not, the log-in page is opened. @throws ApiError */
  return async () => {
    await who.known();
    if (who.me) return true;
    await router.replace({ path: '/login', query: { next: route.fullPath } });
    return false;
  };
}
