"""Lines of a roll, and whole rolls of them."""

from tests.registry.rows import resident_id

HEADER = "学校标识码,姓名,居民身份证号,学籍号,年级,班级,寄宿,监护人姓名,监护人身份证号,电话"
A, B = "2137000006", "3137000008"  # both in 任城区
THERE, CITYS = "2137000011", "3637000060"  # in 微山县; the city's own


def line(
    place: int | str, school: str = A, *, name: str = "王芳", grade: str = "三年级", **more: str
) -> str:
    """One pupil under HEADER; a text stands as the number."""
    number = resident_id(place) if isinstance(place, int) else place
    guardian = resident_id(2_000_000 + place) if isinstance(place, int) else ""
    said = {
        "register_no": f"G{number}" if isinstance(place, int) else "",
        "class_name": "2班",
        "boards": "是",
        "guardian_name": "王强",
        "guardian_resident_id": guardian,
        "telephone": "13900000000",
    } | more
    return ",".join(
        [
            school, name, number, said["register_no"], grade, said["class_name"], said["boards"],
            said["guardian_name"], said["guardian_resident_id"], said["telephone"],
        ]
    )  # fmt: skip


def roll(*lines: str, header: str = HEADER) -> bytes:
    """A CSV as the national system writes it."""
    return "\n".join([header, *lines]).encode("gb18030")


def large(*lines: str) -> bytes:
    """Over the bytes that are answered at once: with blank rows after it."""
    return roll(*lines) + b"\n" + b",,,,,,,,,\n" * (1024 * 1024 // 10)
