"""A field of a form that is not acceptable, named so that the page can mark it. Services raise it; HTTP answers 422."""

from __future__ import annotations

from signaling.errors import Refused

# What people call the fields of request bodies.
LABELS = {
    "username": "用户名",
    "password": "密码",
    "name": "名称",
    "school_id": "学校",
    "is_manager": "是否管理员",
    "kind": "学校类别",
    "region": "地区",
    "code": "配对码",
    "classroom_id": "教室",
    "classroom_ids": "听课教室",
    "title": "课题",
    "subject": "学科",
    "starts_at": "上课时间",
    "planned_minutes": "课时长度",
    "paired_school_id": "结对学校",
    "open_to_observers": "是否开放观摩",
    "role": "身份",
    "page": "课件页",
    "items": "题目",
    "lesson_id": "课",
    "uploads": "上传的文件",
    "bytes": "文件大小",
    "purpose": "用途",
    "sha256": "校验值",
    "deck_id": "课件",
    "term_id": "学期",
    "lecturer_id": "主讲教师",
    "weekday": "星期",
    "period": "节次",
    "periods": "作息时间",
    "weeks": "周次",
    "first_day": "第一天",
    "last_day": "最后一天",
    "holidays": "假期",
    "makeups": "补课日",
    "reason": "原因",
    "frames": "可嵌入的网站",
    "days": "有效天数",
    "max_uses": "可用次数",
    "note": "备注",
    "from": "开始日期",
    "to": "结束日期",
    "grade": "年级",
    "edition": "教材版本",
    "language": "语言",
    "tier": "层级",
    "licence": "许可",
    "flow": "流转方式",
    "description": "简介",
    "contributors": "参与者",
    "audience": "开放范围",
    "marks": "审核表",
    "standard": "审核标准",
    "remark": "审核意见",
    "at_ms": "时间点",
    "text": "内容",
    "scope": "同意范围",
    "given_on": "同意日期",
    "how": "同意方式",
    "renditions": "同意的画面和声音",
    "subject_id": "谁同意",
    "files": "文件",
    "classrooms": "出镜的班级",
    "revision": "修改次数",
    "lead_id": "主备人",
    "group_id": "教研组",
    "replacement": "建议的文字",
    "with": "对比的版本",
    "plan_id": "教案",
    "guests": "来宾",
    "owner_id": "负责人",
    "due": "完成日期",
    "item": "议程",
    "stage": "学段",
    "starts_ms": "开始时间",
    "minutes": "时长",
    "place": "地点",
    "link": "会议链接",
    "repeats": "每周重复",
    "person_id": "老师",
}


class FieldInvalid(Refused):
    """A field of the request's body is not acceptable (422)."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__("field_invalid", detail)
        self.field = field


def field_invalid(field: str, why: str = "请检查后再提交。") -> FieldInvalid:
    """Return the error for `field`, in the words of people."""
    return FieldInvalid(field, f"“{LABELS.get(field, field)}”填写有误：{why}")
