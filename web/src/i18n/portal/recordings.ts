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
      step: {
        screen: '正在合成共享的屏幕 {pct}%',
        pages: '正在收集课件页 {pct}%',
        lecturer: '正在合成主讲画面 {pct}%',
        guest: '正在合成连线课堂 {pct}%',
        low: '正在合成流畅画面 {pct}%',
        audio: '正在合成声音 {pct}%',
        peaks: '正在测量音量 {pct}%',
        light: '正在生成轻量版 {pct}%',
        poster: '正在挑选封面 {pct}%',
        sprite: '正在生成缩略图 {pct}%',
        events: '正在整理板书和问答 {pct}%',
        chapters: '正在生成章节 {pct}%',
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
      step: {
        screen: 'Putting the shared screen together, {pct}%',
        pages: 'Collecting pages, {pct}%',
        lecturer: 'Putting the picture together, {pct}%',
        guest: 'Putting the classrooms together, {pct}%',
        low: 'Putting the smaller picture together, {pct}%',
        audio: 'Putting the sound together, {pct}%',
        peaks: 'Measuring loudness, {pct}%',
        light: 'Making the light version, {pct}%',
        poster: 'Choosing a picture, {pct}%',
        sprite: 'Making thumbnails, {pct}%',
        events: 'Collecting ink and questions, {pct}%',
        chapters: 'Making chapters, {pct}%',
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
