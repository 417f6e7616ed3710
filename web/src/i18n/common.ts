import { area } from './area';

/** Words of the frame around all pages: names, actions, what goes wrong between browser and server. */
export const common = area(
  {
    brand: '同堂',
    page: {
      login: '登录',
      screen: '教室大屏',
      newLesson: '新建课',
      recordings: '课堂录像',
      figures: '上课情况',
      school: '学校设置',
      check: '设备检测',
      lecturer: '主讲台',
      classroom: '教室',
      phone: '助教手机',
      observe: '观摩',
      notFound: '没有这个页面',
    },
    action: {
      retry: '重试',
      close: '关闭',
      home: '回首页',
    },
    language: { label: '语言', 'zh-CN': '中文', en: 'English' },
    theme: { label: '明暗', dark: '深色', light: '浅色' },
    notFound: {
      title: '没有这个页面',
      detail: '网址可能输错了，或者这节课已经删除。请从首页进入。',
      home: '回首页',
    },
    error: {
      offline: '连不上同堂服务器。请检查网络，稍后会自动重试。',
      timeout: '服务器没有及时回应。请再试一次。',
      server: '服务器出了问题，没有完成这次操作。请再试一次。',
      signIn: '登录已过期。请重新登录。',
      notFound: '没有找到。它可能已经删除。',
      unknown: '操作没有完成。请再试一次。',
    },
  },
  {
    brand: 'Tongtang',
    page: {
      login: 'Sign in',
      screen: 'Classroom screen',
      newLesson: 'New lesson',
      recordings: 'Recordings',
      figures: 'How the lesson went',
      school: 'School settings',
      check: 'Device check',
      lecturer: 'Teach',
      classroom: 'Classroom',
      phone: 'Local teacher',
      observe: 'Observe',
      notFound: 'Page not found',
    },
    action: {
      retry: 'Try again',
      close: 'Close',
      home: 'Home',
    },
    language: { label: 'Language', 'zh-CN': '中文', en: 'English' },
    theme: { label: 'Light or dark', dark: 'Dark', light: 'Light' },
    notFound: {
      title: 'This page does not exist',
      detail: 'The address may be mistyped, or the lesson was deleted. Please start from the home page.',
      home: 'Go to the home page',
    },
    error: {
      offline: 'The Tongtang server cannot be reached. Check the network; it will be tried again.',
      timeout: 'The server took too long to answer. Please try again.',
      server: 'Something went wrong on the server and this was not done. Please try again.',
      signIn: 'You have been signed out. Please sign in again.',
      notFound: 'Not found. It may have been deleted.',
      unknown: 'This was not done. Please try again.',
    },
  },
);
