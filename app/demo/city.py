"""The made-up city: twelve counties of 2008, their schools, and who is in them."""

from dataclasses import dataclass, field
from random import Random

from app.demo.people import Pupil, pupils

SEED = 2008
COUNTIES = (
    ("370802", "市中区"), ("370811", "任城区"), ("370826", "微山县"), ("370827", "鱼台县"),
    ("370828", "金乡县"), ("370829", "嘉祥县"), ("370830", "汶上县"), ("370831", "泗水县"),
    ("370832", "梁山县"), ("370881", "曲阜市"), ("370882", "兖州市"), ("370883", "邹城市"),
)  # fmt: skip
TOWNS = ("长沟", "喻屯", "石桥", "南阳", "王鲁", "胡集", "纸坊", "泉林", "吴村", "香城")
PRIMARY, JUNIOR = range(1, 7), range(1, 4)


@dataclass
class DemoSchool:
    """A school as it is registered, its pupils on the sheet, and its id once it has one."""

    code: str
    name: str
    stage: str
    area: str
    division: str
    pupils: list[Pupil] = field(default_factory=list)
    id: str = ""


def schools(pupils_each: int, counties: int = len(COUNTIES)) -> list[DemoSchool]:
    """Four schools a county: two rural primary, a rural junior and one in the city; seeded.

    One rural primary school of each county has nobody who applies. With fewer counties they are
    the first ones.
    """
    chance = Random(SEED)  # noqa: S311 a made-up city must be the same every time
    made: list[DemoSchool] = []
    for division, county in COUNTIES[:counties]:
        towns = chance.sample(TOWNS, 3)
        planned = (
            ("21", f"{county}{towns[0]}镇中心小学", "primary", "rural", pupils_each),
            ("21", f"{county}{towns[1]}镇中心小学", "primary", "rural", 0),
            ("31", f"{county}{towns[2]}镇中学", "junior", "rural", pupils_each),
            ("31", f"{county}实验初级中学", "junior", "city", pupils_each // 4),
        )
        before = 0
        for kind, name, stage, area, count in planned:
            school = DemoSchool(f"{kind}37{len(made) + 1:06d}", name, stage, area, division)
            grades = PRIMARY if stage == "primary" else JUNIOR
            school.pupils = pupils(chance, division, first=before, grades=grades, count=count)
            before += count
            made.append(school)
    return made
