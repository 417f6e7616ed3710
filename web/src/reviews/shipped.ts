/** English for the rubric that comes with the system (server/planning/reviews/rubric.py). Rubrics are data: those that
 *  a group writes itself stay in its own words. */
import { useI18n } from 'vue-i18n';

const ENGLISH: Record<string, string> = {
  双师协同课堂观察量表: 'Observing a lesson by two teachers',
  '按“同步课堂教师能力”的五个方面编写；主讲教师和远端教师分开看。没有看到的条目可以不打分。':
    'Written along the five areas of what teachers of synchronous classrooms need; main and local teacher are looked at apart. What you did not see needs no score.',
  没有做到: 'Not done',
  偶尔做到: 'Now and then',
  基本做到: 'Mostly',
  做得较好: 'Well',
  做得很好: 'Very well',
  意识与态度: 'Attitude',
  协同备课: 'Planning together',
  协同教学: 'Teaching together',
  协同评价反思: 'Judging and reflecting together',
  技术环境应用: 'Using the technology',
  心里装着两边的学生: 'Has the pupils of both rooms in mind',
  '提问、目光、称呼都顾到远端，不把它当作旁听席。':
    'Questions, looks and names reach the far room, which is no gallery.',
  把远端教师当作搭档: 'Treats the local teacher as a partner',
  '把时间和任务放手交给对方，当堂肯定对方的工作。':
    'Hands over time and tasks, and says in class what was good.',
  目标和难度照顾到远端学情: 'Goals and difficulty suit the far room',
  '事先了解远端学生学到哪里，例子和台阶为他们调整过。':
    'Knows how far those pupils are; examples and steps were made for them.',
  '每个环节由谁带、做多久有约定': 'Who leads each step, and how long, is agreed',
  '教案写明分工，课上照着走；临时变化也说得清。':
    'The plan says it, class follows it, and changes are made clear.',
  '两边的学生真正互相说、互相听': 'Pupils of both rooms talk and listen to each other',
  '请远端说完以后，有主讲端学生的回应，反过来也有。':
    'When the far room has spoken, pupils here answer it, and the other way round.',
  提问以后等得住: 'Waits after a question',
  '知道网络有迟延，留出想和走到话筒前的时间。':
    'Knows of the delay; leaves time to think and to walk to the microphone.',
  '讲解和板书后排、远端都看得清听得清': 'The back row and the far room see and hear it all',
  '语速适中，字够大，指到哪里说到哪里。':
    'Speaks at a good pace, writes large, points at what is being said.',
  当堂知道两边学会了没有: 'Knows in class what both rooms have learnt',
  '用提问、答题卡或作品看到两边的情况，并据此调整。':
    'Sees it by questions, answer cards or work, and adjusts to it.',
  课后和远端教师一起复盘: 'Looks back on it with the local teacher',
  '说出具体的片段和改法，写进下一稿教案。':
    'Names moments and what to change, and writes it into the next plan.',
  '工具为教学服务，用得顺': 'Tools serve the teaching and run smoothly',
  '翻页、点名、小组、计时自然衔接，断线时课不断。':
    'Pages, names, groups and timer follow naturally; class goes on when the line drops.',
  把这节课当作自己的课: 'Makes this lesson the own one',
  '主动站到学生中间，不只是看管纪律和设备。':
    'Stands among the pupils, and does not only watch over order and devices.',
  '愿意学，也敢提不同意见': 'Is ready to learn and to disagree',
  '有自己的判断，能说出本地学生需要什么。': 'Has a judgement of the own, and can say what these pupils need.',
  把本地学情和资源带进教案: 'Brings what is here into the plan',
  '提供学生的前测、例子、方言或生活经验。': 'Pre-tests, examples, the dialect, what the pupils live with.',
  课前让学生准备到位: 'Has the pupils ready before class',
  '座位、学具、预习、名单和答题卡都备好。':
    'Seats, material, preparation, the roster and the answer cards are there.',
  接得住主讲教师的任务: 'Takes up the main teacher’s tasks',
  '把问题用学生听得懂的话再说一遍，分组、巡视、点拨。':
    'Says the question again in the pupils’ words; groups, goes round, hints.',
  '帮学生开口，让他们被听见': 'Helps pupils to speak and be heard',
  '举手、递话筒、鼓励胆小的学生，及时报给主讲。':
    'Raises the hand, passes the microphone, encourages the shy, tells the main teacher in time.',
  照顾到跟不上的学生: 'Looks after those who cannot follow',
  '看得到个别困难，用私聊或手势告诉主讲。':
    'Sees who is stuck and tells the main teacher by message or sign.',
  及时反馈学生的真实情况: 'Reports in time how it really goes',
  '课中报得准，课后说得出谁会了、谁没会、为什么。':
    'Right in class; afterwards can say who has it, who has not, and why.',
  '设备用得熟，出了问题不慌': 'Masters the devices and stays calm when they fail',
  '声音画面调得好，断网时能先带着学生学下去。':
    'Sound and picture are good; goes on with the pupils when the network is gone.',
};

/** Return a function that says words of a rubric in the page's language, as far as there are any. */
export function useShipped(): (own: string) => string {
  const { locale } = useI18n();
  return (own) => (locale.value === 'en' ? (ENGLISH[own] ?? own) : own);
}
