"""Which region a school lies in, and which regions are the west."""

from __future__ import annotations

from collections.abc import Collection

# The provinces, as the first two characters of GB/T 2260's names (three of 内蒙古 and 黑龙江): every way of writing one
# begins with them.
PROVINCES = (
    "北京", "天津", "河北", "山西", "内蒙古", "辽宁", "吉林", "黑龙江", "上海", "江苏", "浙江", "安徽", "福建", "江西",
    "山东", "河南", "湖北", "湖南", "广东", "广西", "海南", "重庆", "四川", "贵州", "云南", "西藏", "陕西", "甘肃",
    "青海", "宁夏", "新疆", "香港", "澳门", "台湾",
)  # fmt: skip
# The twelve of the western development programme (国发〔2000〕33号).
WEST = ("内蒙古", "广西", "重庆", "四川", "贵州", "云南", "西藏", "陕西", "甘肃", "青海", "宁夏", "新疆")


def region_of(place: str) -> str:
    """Return the province that a school's place begins with; without one, the place itself."""
    place = place.strip()
    return next((province for province in PROVINCES if place.startswith(province)), place)


def is_western(place: str, west: Collection[str]) -> bool:
    """Return whether a place belongs to one of the regions: provinces, or places as the schools write them."""
    return any(place.strip().startswith(region) for region in west)
