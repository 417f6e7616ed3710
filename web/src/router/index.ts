import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';

declare module 'vue-router' {
  interface RouteMeta {
    /** The i18n key of the page's title in the browser's tab. */
    title?: string;
  }
}

/** Load a page of the research workshop with its words. */
function workshop<Page>(load: () => Promise<Page>): () => Promise<Page> {
  return async () => (await Promise.all([load(), import('@/i18n/workshop')]))[0];
}

/** The pages of docs/http.md. Each is loaded when it is opened, so that a weak link fetches only what it shows. */
const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: () => import('@/pages/portal/HomePage.vue') },
  {
    path: '/login',
    name: 'login',
    meta: { title: 'common.page.login' },
    component: () => import('@/pages/portal/LoginPage.vue'),
  },
  {
    path: '/screen',
    name: 'screen',
    meta: { title: 'common.page.screen' },
    component: () => import('@/pages/portal/ScreenPage.vue'),
  },
  {
    path: '/lessons/new',
    name: 'new-lesson',
    meta: { title: 'common.page.newLesson' },
    component: () => import('@/pages/portal/NewLessonPage.vue'),
  },
  {
    path: '/lessons/:id/figures',
    name: 'figures',
    props: true,
    meta: { title: 'common.page.figures' },
    component: () => import('@/pages/portal/LessonFiguresPage.vue'),
  },
  {
    path: '/lessons/:id/questions',
    name: 'lesson-questions',
    props: true,
    meta: { title: 'quiz.page.title' },
    component: () => import('@/quiz/LessonQuestionsPage.vue'),
  },
  {
    path: '/lessons/:id/deck',
    name: 'lesson-deck',
    props: true,
    meta: { title: 'decks.lesson.title' },
    component: () => import('@/decks/LessonDeckPage.vue'),
  },
  {
    path: '/decks',
    name: 'decks',
    meta: { title: 'decks.title' },
    component: () => import('@/decks/MyDecksPage.vue'),
  },
  {
    path: '/school',
    name: 'school',
    meta: { title: 'common.page.school' },
    component: () => import('@/pages/portal/SchoolPage.vue'),
  },
  {
    path: '/classrooms/:id/cards',
    name: 'cards',
    props: true,
    meta: { title: 'cards.page.tab' },
    component: () => import('@/cards/CardsPage.vue'),
  },
  {
    path: '/timetable',
    name: 'timetable',
    meta: { title: 'portal.timetable.title' },
    component: () => import('@/pages/portal/TimetablePage.vue'),
  },
  {
    path: '/timetable/series',
    name: 'timetable-series',
    meta: { title: 'portal.timetable.list' },
    component: () => import('@/pages/portal/TimetableSeriesPage.vue'),
  },
  {
    path: '/timetable/settings',
    name: 'timetable-settings',
    meta: { title: 'portal.timetable.settings' },
    component: () => import('@/pages/portal/TimetableSettingsPage.vue'),
  },
  {
    path: '/rosters',
    name: 'rosters',
    meta: { title: 'portal.roster.title' },
    component: () => import('@/pages/portal/RosterPage.vue'),
  },
  {
    path: '/recordings',
    name: 'recordings',
    meta: { title: 'common.page.recordings' },
    component: () => import('@/pages/portal/RecordingsPage.vue'),
  },
  {
    path: '/recordings/:id',
    name: 'recording',
    props: true,
    meta: { title: 'common.page.recordings' },
    component: () => import('@/pages/portal/RecordingPage.vue'),
  },
  {
    path: '/resources/:id/shares',
    name: 'shares',
    props: true,
    meta: { title: 'sharing.tab' },
    component: () => import('@/sharing/SharesPage.vue'),
  },
  {
    path: '/s/:id',
    name: 'shared',
    props: true,
    component: () => import('@/sharing/SharedPage.vue'),
  },
  {
    path: '/embed/:id',
    name: 'embed',
    props: (to) => ({ id: String(to.params.id), framed: true }),
    component: () => import('@/sharing/SharedPage.vue'),
  },
  {
    path: '/lessons/:id/review',
    name: 'lesson-reviews',
    props: true,
    meta: { title: 'reviews.tab' },
    component: workshop(() => import('@/reviews/LessonReviewsPage.vue')),
  },
  {
    path: '/lessons/:id/segments',
    name: 'lesson-segments',
    props: true,
    meta: { title: 'course.segments.title' },
    component: workshop(() => import('@/reviews/SegmentsPage.vue')),
  },
  {
    path: '/lessons/:id/chain',
    name: 'lesson-chain',
    props: (to) => ({ id: String(to.params.id), from: 'lesson' }),
    meta: { title: 'course.chain.title' },
    component: workshop(() => import('@/reviews/ChainPage.vue')),
  },
  {
    path: '/plans/:id/chain',
    name: 'plan-chain',
    props: (to) => ({ id: String(to.params.id), from: 'plan' }),
    meta: { title: 'course.chain.title' },
    component: workshop(() => import('@/reviews/ChainPage.vue')),
  },
  {
    path: '/plans/:id/teach',
    name: 'plan-teach',
    props: true,
    meta: { title: 'course.teach.title' },
    component: workshop(() => import('@/reviews/TeachPage.vue')),
  },
  {
    path: '/reviews/:id',
    name: 'review',
    props: true,
    meta: { title: 'reviews.tab' },
    component: workshop(() => import('@/reviews/ReviewPage.vue')),
  },
  {
    path: '/research',
    name: 'research',
    meta: { title: 'research.title' },
    component: workshop(() => import('@/research/ResearchPage.vue')),
  },
  {
    path: '/credits',
    name: 'credits',
    meta: { title: 'credits.title' },
    component: workshop(() => import('@/credits/CreditsPage.vue')),
  },
  {
    path: '/credits/:person',
    name: 'credits-of',
    props: true,
    meta: { title: 'credits.title' },
    component: workshop(() => import('@/credits/CreditsPage.vue')),
  },
  {
    path: '/research/library',
    name: 'plan-library',
    meta: { title: 'research.library' },
    component: workshop(() => import('@/research/LibraryPage.vue')),
  },
  {
    path: '/research/groups/:id',
    name: 'research-group',
    props: true,
    meta: { title: 'research.title' },
    component: workshop(() => import('@/research/GroupPage.vue')),
  },
  {
    path: '/resources',
    name: 'resources',
    meta: { title: 'resources.title' },
    component: () => import('@/resources/ResourcesPage.vue'),
  },
  {
    path: '/resources/:id',
    name: 'resource',
    props: true,
    meta: { title: 'resources.title' },
    component: () => import('@/resources/ResourcePage.vue'),
  },
  {
    path: '/plans/:id',
    name: 'plan',
    props: true,
    meta: { title: 'plans.tab' },
    component: workshop(() => import('@/plans/PlanPage.vue')),
  },
  {
    path: '/lesson/:id/check',
    name: 'check',
    props: true,
    meta: { title: 'common.page.check' },
    component: () => import('@/pages/portal/DeviceCheckPage.vue'),
  },
  {
    path: '/lesson/:id/lecturer',
    name: 'lecturer',
    props: true,
    meta: { title: 'common.page.lecturer' },
    component: () => import('@/pages/lecturer/LecturerPage.vue'),
  },
  {
    path: '/lesson/:id/classroom',
    name: 'classroom',
    props: true,
    meta: { title: 'common.page.classroom' },
    component: () => import('@/pages/classroom/ClassroomPage.vue'),
  },
  {
    path: '/lesson/:id/phone',
    name: 'phone',
    props: true,
    meta: { title: 'common.page.phone' },
    component: () => import('@/pages/phone/PhonePage.vue'),
  },
  {
    path: '/lesson/:id/observe',
    name: 'observe',
    props: true,
    meta: { title: 'common.page.observe' },
    component: () => import('@/pages/observe/ObservePage.vue'),
  },
  {
    path: '/meetings/:id',
    name: 'meeting',
    props: true,
    meta: { title: 'meetings.page' },
    component: workshop(() => import('@/meetings/MeetingPage.vue')),
  },
  {
    path: '/:rest(.*)*',
    name: 'not-found',
    meta: { title: 'common.page.notFound' },
    component: () => import('@/app/NotFoundPage.vue'),
  },
];

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: () => ({ top: 0 }),
});
