"""What the demonstration's teachers wrote: three lesson plans of primary science, stage by stage, each by its author.

`REFRACTION` is led by the west: its lead teaches there, western teachers wrote more than half of it, and the east has
its part. `SHADOWS` is not, though western teachers wrote in it. `SOUND` is a draft.
"""

from __future__ import annotations

from typing import NamedTuple

from server.planning.document import FIELDS, Leader, Node, paragraph, plan_field


class Segment(NamedTuple):
    """A segment of the lesson."""

    title: str
    minutes: int
    leader: Leader
    question: str | None
    lines: tuple[str, ...]


class Stage(NamedTuple):
    """What one author adds: lines by field, and segments; a segment of a title that is there already is replaced."""

    author: str  # user name
    fields: dict[str, tuple[str, ...]]
    segments: tuple[Segment, ...] = ()


REFRACTION: tuple[Stage, ...] = (
    Stage(
        "he",
        {
            "topic": ("光的折射（教科版五年级上册）",),
            "learners": (
                "河口小学的孩子天天在河边走，都见过“河底看着浅”，却说不出原因；多数学生没有用过激光笔。",
                "班里 38 人，教室网络不稳，实验材料要用家里找得到的：透明水杯、筷子、硬币。",
                "前测里三十一个孩子认为“光永远走直线”，要让他们先说出自己的想法，再看证据。",
            ),
            "goals": (
                "能用自己的话说出：光从空气斜射入水中时，传播方向会改变。",
                "能画出光从空气射入水中的光路简图，标出入射角和折射角。",
                "愿意用学到的道理提醒家人：河水看着浅，其实更深，不要下河。",
            ),
        },
        (
            Segment(
                "河底为什么看着浅",
                5,
                "local",
                None,
                ("请孩子说说在河边看到的现象，把大家的猜想写在黑板左侧，先不评判。",),
            ),
        ),
    ),
    Stage(
        "lin",
        {
            "standards": (
                "《义务教育科学课程标准（2022 年版）》5～6 年级：知道光遇到不同物质会改变方向，描述生活中的折射现象。",
            ),
            "key_points": ("重点：光斜射入水中时传播方向改变。", "难点：把看到的现象和光路图对应起来。"),
        },
        (
            Segment(
                "看光怎样拐弯",
                9,
                "lecturer",
                "光从空气斜射入水中，折射角和入射角相比？",
                (
                    "主讲教室用激光笔照向水槽，先空槽、再加水、再滴两滴牛奶，让光路看得见。",
                    "请各教室举手预测，再看结果；把学生画的光路拍照上传，选两份对比。",
                ),
            ),
        ),
    ),
    Stage(
        "yang",
        {
            "homework": (
                "回家把一枚硬币放进碗里，慢慢加水，找到“硬币重新出现”的位置，画下来，讲给家人听。",
                "选做：找一找生活里还有哪些折射现象，拍一张照片或画一张图。",
            ),
        },
        (
            Segment(
                "筷子“折断”了",
                10,
                "local",
                None,
                (
                    "每组一杯水、一根筷子：竖直插、斜着插，从上面看、从侧面看，把看到的画在记录单上。",
                    "红星小学没有水槽，用透明的油瓶剪开代替，效果一样清楚。",
                ),
            ),
        ),
    ),
    Stage(
        "ma",
        {
            "learners": ("青山教学点是三、五年级复式班：三年级孩子一起做筷子实验，只观察不画光路图。",),
            "reflection": ("第一次试教时牛奶滴多了，光路反而看不清，两滴就够。",),
        },
        (
            Segment(
                "回到河边", 7, "both", None, ("用折射解释“河底看着浅”，读一遍防溺水提示，请孩子写一句给家人的提醒。",)
            ),
        ),
    ),
    Stage(
        "gu",
        {"key_points": ("给不同基础的孩子留两条路：会画光路图的标出法线，还不会画的用手臂比出光拐弯的方向。",)},
        (
            Segment(
                "和上海的孩子对一对",
                3,
                "lecturer",
                None,
                ("浦江实验小学的孩子展示用量角器量出的三组角度，两地各说一个发现，看看规律是不是一样。",),
            ),
        ),
    ),
    Stage(
        "lin",
        {},
        (Segment("小结：画一张光路图", 6, "lecturer", None, ("各教室同时画，主讲投屏两份，师生一起改。",)),),
    ),
)

SHADOWS: tuple[Stage, ...] = (
    Stage(
        "gu",
        {
            "topic": ("影子的秘密（教科版三年级下册）",),
            "standards": (
                "《义务教育科学课程标准（2022 年版）》3～4 年级：描述太阳光照射下影子长短和方向一天中的变化规律。",
            ),
            "goals": (
                "知道影子的产生要有光源、遮挡物和屏，能指出身边影子的光源在哪里。",
                "能连续三次测量同一根小棒的影长，用折线把变化画出来。",
                "愿意和远方的同伴交换数据，尊重测出来的结果，不为了好看改数字。",
            ),
            "key_points": (
                "重点：太阳越高影子越短，影子总在背着太阳的一边。",
                "难点：把上午、中午、下午三次测量连起来，说出太阳位置和影子长短之间的关系。",
            ),
        },
        (
            Segment(
                "手影游戏",
                6,
                "lecturer",
                "影子为什么一会儿大一会儿小？",
                ("关灯，用手电筒在墙上做手影，请各教室的孩子猜是什么；移动手电筒，看影子怎样变大变小。",),
            ),
            Segment(
                "一根小棒的一天",
                16,
                "lecturer",
                None,
                (
                    "播放操场上小棒影子的延时录像，请孩子先画出预测，再对照录像里九点、十二点、三点的位置。",
                    "分组处理测得的数据：每组一张坐标纸，把三次影长连成折线，选两张投屏比较。",
                ),
            ),
        ),
    ),
    Stage(
        "yang",
        {"learners": ("红星小学的孩子放牛时会看影子估时间，可以请他们说说“影子到脚边就该回家吃饭”。",)},
        (
            Segment(
                "我们村的影子钟",
                12,
                "local",
                None,
                ("到操场上量自己的影子，每人量一次，记下时间和长度，回教室汇总到同一张表里。",),
            ),
        ),
    ),
    Stage(
        "lin",
        {"homework": ("晴天的早、中、晚各量一次同一根竹竿的影子，把三个数带到下一节课来。",)},
        (Segment("小结", 6, "both", None, ("请云南和上海的孩子各说一句：什么时候影子最短？为什么？",)),),
    ),
)

SOUND: tuple[Stage, ...] = (
    Stage(
        "lin",
        {
            "topic": ("声音是怎样产生的（教科版四年级上册）",),
            "goals": ("知道声音由物体振动产生，能举出三个例子。", "能设计一个让“看不见的振动”看得见的小实验。"),
            "key_points": ("重点：声音由物体振动产生。", "难点：说明振动停止，声音也停止。"),
        },
        (
            Segment("听一听，猜一猜", 5, "lecturer", None, ("播放鸟鸣、锣声、流水三段声音，请学生说说是什么在响。",)),
            Segment(
                "让振动看得见",
                15,
                "both",
                "鼓面上的米粒为什么会跳？",
                ("鼓面撒米粒、音叉碰水面、橡皮筋拨一拨，三个实验各组任选。",),
            ),
        ),
    ),
    Stage(
        "he",
        {"learners": ("孩子们会吹树叶、敲象脚鼓，可以请会的同学现场演示，用本地的声音导入。",)},
        (
            Segment(
                "我们村的声音",
                8,
                "local",
                None,
                ("敲一敲象脚鼓，把手放在鼓面上，说说手的感觉；鼓停了，手上还麻不麻？",),
            ),
        ),
    ),
)


def trees(stages: tuple[Stage, ...], ids: list[str]) -> list[Node]:
    """Return the plan as it stood after each stage. `ids` are taken for the segments, in order of their making."""
    fields: dict[str, list[str]] = {}
    segments: dict[str, Segment] = {}
    names: dict[str, str] = {}
    found = []
    for stage in stages:
        for name, lines in stage.fields.items():
            fields.setdefault(name, []).extend(lines)
        for one in stage.segments:
            segments[one.title] = one
            names.setdefault(one.title, ids.pop(0))
        order = [one.title for group in stages for one in group.segments]
        steps = [_step(names[title], segments[title]) for title in sorted(segments, key=order.index)]
        found.append(Node("doc", {}, tuple(_field(name, fields.get(name, []), steps) for name in FIELDS)))
    return found


def _field(name: str, lines: list[str], steps: list[Node]) -> Node:
    return plan_field(name, *(paragraph(line) for line in lines), *(steps if name == "process" else ()))


def _step(step_id: str, one: Segment) -> Node:
    attrs = {"id": step_id, "title": one.title, "minutes": one.minutes, "leader": one.leader}
    attrs |= {"page": None, "question": one.question}
    return Node("planStep", attrs, tuple(paragraph(line) for line in one.lines))
