import { area } from '../area';

export const recordings = area(
  {
    recordings: {
      title: '课堂录像',
      none: '还没有录像。上完一节课，录像会自己出现在这里。',
      find: '按课题、学科、老师或学校查找',
      findNone: '没有找到“{text}”。',
      state: {
        recording: '正在录制',
        ended: '等待整理',
        finalising: '正在整理 {pct}%',
        ready: '可以播放',
        failed: '没有整理成功',
      },
    },
    player: {
      all: '全部录像',
      notReady: '录像还没有整理好。整理好以后，这里会自己打开。',
      failed: '这段录像没有整理成功。原始数据还在服务器上，请联系管理员。',
      empty: '这段录像里没有声音，也没有画面。',
      download: '下载',
      info: '{when} · {duration} · {size}',
    },
  },
  {
    recordings: {
      title: 'Recordings',
      none: 'There is no recording yet. After a lesson it appears here by itself.',
      find: 'Find by title, subject, teacher or school',
      findNone: 'Nothing found for “{text}”.',
      state: {
        recording: 'Being recorded',
        ended: 'Waiting to be prepared',
        finalising: 'Being prepared, {pct}%',
        ready: 'Ready',
        failed: 'Could not be prepared',
      },
    },
    player: {
      all: 'All recordings',
      notReady: 'This recording is still being prepared. It opens here as soon as it is ready.',
      failed:
        'This recording could not be prepared. Its raw data is still on the server; please ask the manager.',
      empty: 'This recording has neither sound nor picture.',
      download: 'Download',
      info: '{when} · {duration} · {size}',
    },
  },
);
