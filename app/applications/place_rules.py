"""How many places a school has by policy and by the centre's word, and why a case waits. Pure."""

from dataclasses import dataclass

from app.budgets.quota_queries import Heads
from app.core.money import BASIS_POINTS, show_yuan
from app.policy.catalogue import Quota, Version
from app.policy.facts import FACTS, Words

NO_BOUND = Words("该项目未限名额", "the programme bounds no places")
_ROUNDING = {
    "down": Words("舍去小数", "rounded down"),
    "half_up": Words("四舍五入", "rounded half up"),
    "up": Words("有小数即进一", "rounded up"),
}
_OF = {
    "roll": Words("在校生", "on the roll"),
    "boarders": Words("寄宿生", "boarders"),
    "given": Words("下达名额", "places given"),
}


@dataclass(frozen=True)
class Given:
    """What the centre has given a school: places, and fen where money is bounded too."""

    places: int
    amount_fen: int | None


@dataclass(frozen=True)
class Ceiling:
    """The bounds of one school: None is no bound. `by` says where they come from."""

    places: int | None
    cap_fen: int | None
    by: Words

    def left(self, used: int) -> int | None:
        """Places not used; never below 0."""
        return None if self.places is None else max(self.places - used, 0)

    def money_left(self, used_fen: int) -> int | None:
        """Fen not used; never below 0."""
        return None if self.cap_fen is None else max(self.cap_fen - used_fen, 0)


@dataclass(frozen=True)
class NotKept:
    """A floor or guide that is not kept; it refuses nothing."""

    code: str
    words: Words
    asked: int
    found: int


def share(quota: Quota, heads: Heads) -> int:
    """The quota's share of the head count, in whole places by its rounding."""
    counted = (heads.boarders if quota.of == "boarders" else heads.roll) * quota.basis_points
    whole, rest = divmod(counted, BASIS_POINTS)
    up = {"down": False, "half_up": 2 * rest >= BASIS_POINTS, "up": rest > 0}
    return whole + up[quota.rounding]


def ceiling_of(version: Version, given: Given | None, heads: Heads) -> Ceiling:
    """The school's bounds: the policy's ceiling, and what the centre gave; the smaller binds.

    Where the policy says that places are given and none are, there are none.
    """
    quota = next((each for each in version.quotas if each.bound == "ceiling"), None)
    cap = None if given is None else given.amount_fen
    if quota is not None and quota.of != "given":
        by_policy = share(quota, heads)
        if given is None or by_policy <= given.places:
            return Ceiling(by_policy, cap, share_words(quota, heads))
    if given is not None:
        words = Words(f"市中心下达名额 {given.places} 个", f"{given.places} given by the centre")
        return Ceiling(given.places, cap, words)
    if quota is not None:
        none = Words(
            "市中心尚未给本校下达名额，请联系市级资助中心",
            "the centre has given the school no places yet; ask the city centre",
        )
        return Ceiling(0, None, none)
    return Ceiling(None, None, NO_BOUND)


def share_words(quota: Quota, heads: Heads) -> Words:
    """How a share comes about, with the head count, the share and the rounding."""
    count = heads.boarders if quota.of == "boarders" else heads.roll
    whole, rest = divmod(quota.basis_points, 100)
    percent = f"{whole}.{rest:02d}".rstrip("0").rstrip(".")
    of, rounding, places = _OF[quota.of], _ROUNDING[quota.rounding], share(quota, heads)
    return Words(
        f"{of.zh} {count} 人的 {percent}%，{rounding.zh}为 {places}",
        f"{percent} % of {count} {of.en}, {rounding.en}: {places}",
    )


def warnings_of(version: Version, heads: Heads, found: int) -> list[NotKept]:
    """Floors with fewer cases than they ask, guides with another number."""
    warnings = []
    for quota in version.quotas:
        if quota.bound == "ceiling" or quota.of == "given":
            continue
        asked = share(quota, heads)
        words = share_words(quota, heads)
        if quota.bound == "floor" and found < asked:
            zh = f"申报 {found} 人，低于下限：{words.zh}"
            en = f"{found} case(s), below the floor: {words.en}"
            warnings.append(NotKept("below_floor", Words(zh, en), asked, found))
        if quota.bound == "guide" and found != asked:
            zh = f"申报 {found} 人，与参考数不同：{words.zh}"
            en = f"{found} case(s), other than the guide: {words.en}"
            warnings.append(NotKept("off_guide", Words(zh, en), asked, found))
    return warnings


def needs_heads(version: Version) -> bool:
    """Whether any of the version's quotas is a share of a head count."""
    return any(quota.of != "given" for quota in version.quotas)


def ranked_by(version: Version) -> Words:
    """The order in which places are filled, in words."""
    keys = [FACTS[key.fact] for key in version.ranking]
    zh = [*(key.zh for key in keys), "提交时间", "编号"]
    en = [*(key.en for key in keys), "time of handing in", "number"]
    return Words("、".join(zh), ", ".join(en))


def reason_words(ceiling: Ceiling, version: Version, *, money: bool) -> tuple[Words, Words]:
    """What is recorded of a case that waits: the words before its place in the order, and after."""
    order = ranked_by(version)
    if money and ceiling.cap_fen is not None:
        cap = show_yuan(ceiling.cap_fen)
        before = Words(
            f"资金额度 {cap} 元，按{order.zh}排在第 ",
            f"The money is {cap} yuan; by {order.en} the case stands at place ",
        )
        return before, Words(" 位，额度已用完。", ", where it is used up.")
    before = Words(
        f"名额 {ceiling.places} 个，按{order.zh}排在第 ",
        f"There are {ceiling.places} place(s); by {order.en} the case stands at place ",
    )
    return before, Words(" 位。", ".")


def sum_of_average(count: int, average_fen: int, parts: int) -> tuple[int, int]:
    """What `count` awards of one period must sum to (fen), and the odd fen of a year's halves."""
    return divmod(count * average_fen, parts)
