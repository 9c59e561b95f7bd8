"""Every shipped catalogue: sound, exemplified on both sides of each threshold, true to the figures.

The figures stand here once more, by period and case, apart from the files that the office edits.
"""

from collections.abc import Iterator
from functools import lru_cache

import polars as pl
import pytest

from app.core.money import show_yuan
from app.policy.calendar import normalise_period, parse_period, school_year_of
from app.policy.catalogue import CATALOGUES, Catalogue, Programme, Version
from app.policy.checker import check_directory, example_period, load_catalogue
from app.policy.engine import assess, criterion_column, facts_read
from app.policy.errors import PolicyVersionNotFound
from app.policy.explanation import explain
from app.policy.facts import Scalar
from app.policy.frames import frame_of

DIRECTORIES = sorted(each.name for each in CATALOGUES.iterdir() if each.is_dir())
FILES = [
    f"{name}/{file.stem}"
    for name in DIRECTORIES
    for file in sorted((CATALOGUES / name).glob("*.toml"))
    if file.name != "calendar.toml"
]
PUBLISHED = {  # in jining-2008
    ("boarding-subsidy", "start"): (
        "4c4d49e981445da56d7bcc0e1103bd7ca0aa82421f6cf7c244a1950546e53516"
    ),
    ("boarding-subsidy", "2008-spring"): (
        "a02974fb60c9078c749d1f11657e7c1531feb3e70e786899b75770f84e76fcf5"
    ),
    ("vocational-grant", "2007-autumn"): (
        "ebefe36037d86ffbe6c7e7c22ba6129a67f9139e385ee6e86cd0b70c61c4bbe5"
    ),
}

PROGRAMMES = {
    "jining-2008": {
        "boarding-subsidy", "campus-loan", "donated-aid", "encouragement-scholarship", "fee-waiver",
        "national-grant", "national-scholarship", "origin-loan", "public-funds", "senior-grant",
        "textbook-waiver", "vocational-grant",
    },
    "national": {
        "boarding-subsidy", "campus-loan", "day-pupil-subsidy", "encouragement-scholarship",
        "national-grant", "national-scholarship", "origin-loan", "preschool-grant", "senior-grant",
        "senior-tuition-waiver", "vocational-grant", "vocational-tuition-waiver",
    },
}  # fmt: skip


@lru_cache
def loaded(name: str) -> Catalogue:
    return load_catalogue(CATALOGUES / name)


def programme_of(file: str) -> Programme:
    name, code = file.split("/")
    return loaded(name).programme(code)


def cases_of(version: Version) -> pl.DataFrame:
    return assess(frame_of([dict(example.given) for example in version.examples]), version)


def versions(file: str) -> Iterator[tuple[str, Version]]:
    for version in programme_of(file).versions:
        yield f"{file} {version.key} revision {version.revision}", version


def test_every_directory_is_a_sound_catalogue_of_the_programmes_it_should_have() -> None:
    report = check_directory()
    assert report.faults == ()
    found = {each.name: set(each.programmes) for each in report.catalogues}
    assert found == PROGRAMMES
    assert report.versions > report.programmes


def test_what_was_published_reads_as_it_was_published() -> None:
    digests = {
        (code, version.key): version.sha256
        for code, programme in loaded("jining-2008").programmes.items()
        for version in programme.versions
        if version.revision == 1
    }
    assert {key: digests[key] for key in PUBLISHED} == PUBLISHED


@pytest.mark.parametrize("file", FILES)
def test_every_version_has_five_examples_that_meet_and_fail_each_criterion(file: str) -> None:
    for where, version in versions(file):
        assert len(version.examples) >= 5, where
        outcome = cases_of(version)
        for criterion in version.criteria:
            seen = set(outcome.get_column(criterion_column(criterion.id)).to_list())
            assert seen >= {True, False}, (where, criterion.id)


@pytest.mark.parametrize("file", FILES)
def test_every_amount_is_somebodys_in_the_examples(file: str) -> None:
    for where, version in versions(file):
        outcome = cases_of(version).filter(pl.col("eligible"))
        hit = set(outcome.get_column("amount_rule").drop_nulls().to_list())
        assert hit == set(range(len(version.amounts))), where
        if not version.amounts:
            assert outcome.get_column("amount_fen").null_count() == outcome.height > 0, where


@pytest.mark.parametrize("file", FILES)
def test_every_fact_that_decides_is_asked_for_where_it_is_missing(file: str) -> None:
    for where, version in versions(file):
        without = [
            dict(example.given) | {name: None}
            for example in version.examples
            for name in dict(example.given)
        ]
        asked = assess(frame_of(without), version).get_column("unknown").explode().drop_nulls()
        tests = " ".join(each.test for each in version.criteria)
        decides = facts_read(version) - {key.fact for key in version.ranking}
        known_by_absence = {name for name in decides if f"{name} IS NULL" in tests}
        assert set(asked) == decides - known_by_absence, where


@pytest.mark.parametrize("file", FILES)
def test_every_version_asks_in_an_example_and_cautions_where_it_cautions(file: str) -> None:
    for where, version in versions(file):
        assert any(example.unknown for example in version.examples), where
        warned = {each for example in version.examples for each in example.cautions or ()}
        assert warned == {caution.id for caution in version.cautions}, where


@pytest.mark.parametrize("file", FILES)
def test_examples_stand_on_the_first_and_the_last_period_of_their_version(file: str) -> None:
    programme = programme_of(file)
    later = {version.order for version in programme.versions}
    for where, version in versions(file):
        periods = {
            normalise_period(programme, each.period or example_period(programme, version))
            for each in version.examples
        }
        assert {programme.version_for(each).order for each in periods} == {version.order}, where
        nexts = [order for order in later if order > version.order]
        # A version published before the next one came cannot have known its own last period.
        if nexts and (programme.code, version.key) not in PUBLISHED:
            last = _before(programme, min(nexts))
            assert last in periods, where


def _before(programme: Programme, order: int) -> str:
    """The last period applied for that the version from `order` on does not decide."""
    if programme.period == "term":
        return f"{(order - 1) // 2}-{'autumn' if (order - 1) % 2 else 'spring'}"
    first = (order - 2) // 2 if order % 2 else (order - 1) // 2
    return school_year_of(f"{first}-autumn")


@pytest.mark.parametrize("file", FILES)
def test_every_version_names_its_source_and_what_is_assumed(file: str) -> None:
    for where, version in versions(file):
        assert version.source, where
        assert version.note is not None, where
        assert "本中心自行约定" in version.note.zh, where
        assert "own assumption" in version.note.en, where


def test_weak_figures_are_marked_as_not_verified() -> None:
    weak = {
        f"{name}/{code} {version.key}"
        for name in DIRECTORIES
        for code, programme in loaded(name).programmes.items()
        for version in programme.versions
        if not version.verified
    }
    loans = {
        f"national/{code} {start}"
        for code in ("origin-loan", "campus-loan")
        for start in ("2007-autumn", "2014-autumn", "2021-autumn", "2023-autumn", "2024-autumn")
    }
    assert weak == loans | {
        "jining-2008/campus-loan 2007-autumn",
        "jining-2008/fee-waiver 2008-spring",
        "jining-2008/national-grant 2007-autumn",
        "jining-2008/origin-loan 2007-autumn",
        "jining-2008/public-funds 2008-spring",
        "jining-2008/public-funds start",
        "jining-2008/textbook-waiver 2008-spring",
    }


BOARDER = {"school_area": "rural", "boards": True, "hardship": 1}
DAY = {"boards": False, "special_group": "minimum_living"}
TRAINEE = {"stage": "vocational", "year": 1, "rural_major": True, "hukou": "rural", "hardship": 1}
COLLEGE = {"stage": "undergraduate", "hardship": 1, "tier": 2}
SCHOLAR = {
    "stage": "undergraduate", "year": 2, "hardship": 1, "good_record": True, "excellent": True,
}  # fmt: skip
PUPIL = {"stage": "senior", "hardship": 1, "tier": 1}
CHILD = {"stage": "preschool", "age": 3, "hardship": 1}
BORROWER = {"hardship": 1, "tuition_fen": 50_000_00, "accommodation_fen": 0}

JINING, NATIONAL = "jining-2008", "national"
Figure = tuple[str, str, str, dict[str, Scalar], str]


def staged(
    catalogue: str, code: str, period: str, base: dict[str, Scalar], **yuan: str
) -> list[Figure]:
    return [(catalogue, code, period, base | {"stage": stage}, yuan[stage]) for stage in yuan]


def tiered(
    catalogue: str, code: str, period: str, base: dict[str, Scalar], *yuan: str
) -> list[Figure]:
    return [
        (catalogue, code, period, base | {"tier": tier}, each)
        for tier, each in enumerate(yuan, start=1)
    ]


def one(catalogue: str, code: str, base: dict[str, Scalar], **periods: str) -> list[Figure]:
    """Periods are written `y2007_2008` or `spring2008`."""
    return [(catalogue, code, _period(name), base, yuan) for name, yuan in periods.items()]


def _period(name: str) -> str:
    if name.startswith("y"):
        return name[1:].replace("_", "-")
    return f"{name[-4:]}-{name[:-4]}"


FIGURES: list[Figure] = [
    *staged(JINING, "boarding-subsidy", "2007-autumn", BOARDER, primary="300", junior="300"),
    *staged(JINING, "boarding-subsidy", "2008-spring", BOARDER, primary="500", junior="750"),
    *staged(JINING, "textbook-waiver", "2008-spring", BOARDER, primary="90", junior="180"),
    *staged(JINING, "public-funds", "2007-autumn", {}, primary="240", junior="340"),
    *staged(JINING, "public-funds", "2008-spring", {}, primary="295", junior="445"),
    *one(JINING, "vocational-grant", TRAINEE, y2007_2008="1500"),
    *one(JINING, "national-scholarship", SCHOLAR, y2007_2008="8000"),
    *one(JINING, "encouragement-scholarship", SCHOLAR, y2007_2008="5000"),
    *tiered(JINING, "national-grant", "2007-2008", COLLEGE, "1000", "2000", "3000"),
    *tiered(JINING, "senior-grant", "2007-autumn", PUPIL, "500", "1000", "1500"),
    *staged(
        JINING, "origin-loan", "2007-2008", BORROWER, undergraduate="6000", postgraduate="6000"
    ),
    *staged(
        JINING, "campus-loan", "2007-2008", BORROWER, undergraduate="6000", postgraduate="6000"
    ),
    *staged(NATIONAL, "boarding-subsidy", "2008-spring", BOARDER, primary="500", junior="750"),
    *staged(NATIONAL, "boarding-subsidy", "2010-spring", BOARDER, primary="500", junior="750"),
    *staged(NATIONAL, "boarding-subsidy", "2010-autumn", BOARDER, primary="750", junior="1000"),
    *staged(NATIONAL, "boarding-subsidy", "2011-spring", BOARDER, primary="750", junior="1000"),
    *staged(NATIONAL, "boarding-subsidy", "2011-autumn", BOARDER, primary="1000", junior="1250"),
    *staged(NATIONAL, "boarding-subsidy", "2019-autumn", BOARDER, primary="1000", junior="1250"),
    *staged(NATIONAL, "boarding-subsidy", "2023-autumn", BOARDER, primary="1000", junior="1250"),
    *staged(NATIONAL, "boarding-subsidy", "2024-spring", BOARDER, primary="1250", junior="1500"),
    *staged(NATIONAL, "day-pupil-subsidy", "2019-autumn", DAY, primary="500", junior="625"),
    *staged(NATIONAL, "day-pupil-subsidy", "2023-autumn", DAY, primary="500", junior="625"),
    *staged(NATIONAL, "day-pupil-subsidy", "2024-spring", DAY, primary="625", junior="750"),
    *tiered(NATIONAL, "preschool-grant", "2020-spring", CHILD, "1000", "1200", "1400"),
    *one(
        NATIONAL, "vocational-grant", TRAINEE, y2007_2008="1500", y2011_2012="1500",
        y2012_2013="1500", y2013_2014="1500", y2014_2015="1500", y2015_2016="2000",
        y2024_2025="2000", y2025_2026="2300",
    ),
    *one(
        NATIONAL, "vocational-tuition-waiver", TRAINEE | {"tuition_fen": 2400_00},
        y2009_2010="2400", y2012_2013="2400",
    ),
    *one(
        NATIONAL, "senior-grant", PUPIL, autumn2010="1500", autumn2014="1500", spring2015="2000",
        autumn2024="2000", spring2025="2300",
    ),
    *one(
        NATIONAL, "national-scholarship", SCHOLAR, y2007_2008="8000", y2023_2024="8000",
        y2024_2025="10000",
    ),
    *one(
        NATIONAL, "encouragement-scholarship", SCHOLAR, y2007_2008="5000", y2023_2024="5000",
        y2024_2025="6000",
    ),
    *one(
        NATIONAL, "national-grant", COLLEGE, y2007_2008="2000", y2009_2010="2000",
        y2010_2011="3000", y2018_2019="3000", y2019_2020="3300", y2023_2024="3300",
        y2024_2025="3700",
    ),
    *[
        (NATIONAL, code, period, BORROWER | {"stage": stage}, yuan)
        for code in ("origin-loan", "campus-loan")
        for period, under, post in (
            ("2007-2008", "6000", "6000"), ("2013-2014", "6000", "6000"),
            ("2014-2015", "8000", "12000"), ("2020-2021", "8000", "12000"),
            ("2021-2022", "12000", "16000"), ("2022-2023", "12000", "16000"),
            ("2023-2024", "16000", "20000"), ("2024-2025", "20000", "25000"),
        )
        for stage, yuan in (("undergraduate", under), ("postgraduate", post))
    ],
]  # fmt: skip


@pytest.mark.parametrize(("name", "code", "period", "case", "yuan"), FIGURES)
def test_the_figures_are_those_of_the_documents(
    name: str, code: str, period: str, case: dict[str, Scalar], yuan: str
) -> None:
    version = loaded(name).programme(code).version_for(period)
    row = assess(frame_of([case]), version).row(0, named=True)
    assert (row["failed"], row["unknown"]) == ([], [])
    assert show_yuan(row["year_fen"]) == f"{yuan}.00"


def test_every_amount_of_a_catalogue_is_among_the_figures() -> None:
    told = {(name, code) for name, code, *_ in FIGURES}
    without = {("jining-2008", "fee-waiver"), ("jining-2008", "donated-aid")}
    without |= {("national", "senior-tuition-waiver")}
    assert told | without == {(name, code) for name in PROGRAMMES for code in PROGRAMMES[name]}
    for name, code in without:
        assert all(not each.amounts for each in loaded(name).programme(code).versions)


@pytest.mark.parametrize(
    ("name", "code", "period"),
    [
        (JINING, "fee-waiver", "2007-autumn"),
        (JINING, "textbook-waiver", "2007-autumn"),
        (JINING, "vocational-grant", "2006-2007"),
        (JINING, "national-scholarship", "2006-2007"),
        (JINING, "encouragement-scholarship", "2006-2007"),
        (JINING, "national-grant", "2006-2007"),
        (JINING, "senior-grant", "2007-spring"),
        (JINING, "origin-loan", "2006-2007"),
        (NATIONAL, "boarding-subsidy", "2007-autumn"),
        (NATIONAL, "day-pupil-subsidy", "2019-spring"),
        (NATIONAL, "preschool-grant", "2019-autumn"),
        (NATIONAL, "vocational-tuition-waiver", "2008-2009"),
        (NATIONAL, "senior-grant", "2010-spring"),
        (NATIONAL, "senior-tuition-waiver", "2015-autumn"),
    ],
)
def test_before_its_first_period_a_programme_has_no_policy(
    name: str, code: str, period: str
) -> None:
    with pytest.raises(PolicyVersionNotFound):
        loaded(name).programme(code).version_for(period)


def meets(name: str, code: str, period: str, **case: Scalar) -> list[str]:
    version = loaded(name).programme(code).version_for(period)
    failed: list[str] = assess(frame_of([case]), version).row(0, named=True)["failed"]
    return failed


@pytest.mark.parametrize(
    ("period", "year", "rural_major", "hardship", "failed"),
    [
        ("2011-2012", 2, True, 1, []),
        ("2012-2013", 1, True, 0, []),
        ("2012-2013", 1, False, 1, []),
        ("2012-2013", 1, False, 0, ["hardship"]),
        ("2012-2013", 2, True, 1, ["year"]),
        ("2013-2014", 2, True, 0, []),
        ("2013-2014", 3, True, 0, ["year"]),
        ("2024-2025", 3, True, 0, ["year"]),
        ("2025-2026", 3, True, 0, []),
        ("2025-2026", 4, True, 0, ["year"]),
    ],
)
def test_who_has_the_vocational_grant_changes_by_date(
    period: str, year: int, rural_major: bool, hardship: int, failed: list[str]
) -> None:
    case = {"year": year, "rural_major": rural_major, "hardship": hardship, "hukou": "rural"}
    assert meets(NATIONAL, "vocational-grant", period, stage="vocational", **case) == failed


@pytest.mark.parametrize(
    ("period", "hukou", "rural_major", "hardship", "failed"),
    [
        ("2011-2012", "rural", False, 1, []),
        ("2011-2012", "rural", False, 0, ["group"]),
        ("2011-2012", "town", False, 1, ["group"]),
        ("2012-2013", "rural", False, 0, []),
        ("2012-2013", "town", False, 0, []),
        ("2012-2013", "urban", False, 0, ["group"]),
        ("2012-2013", "urban", False, 1, []),
        ("2012-2013", "urban", True, 0, []),
    ],
)
def test_whose_vocational_tuition_is_waived_changes_by_date(
    period: str, hukou: str, rural_major: bool, hardship: int, failed: list[str]
) -> None:
    case = {"hukou": hukou, "rural_major": rural_major, "hardship": hardship, "year": 1}
    found = meets(
        NATIONAL, "vocational-tuition-waiver", period, stage="vocational", tuition_fen=1, **case
    )
    assert found == failed


def test_a_loan_is_whole_yuan_and_since_2021_never_refused_for_small_fees() -> None:
    case = {"stage": "undergraduate", "hardship": 1, "accommodation_fen": 800_00}
    before = {**case, "tuition_fen": 199_99}
    assert meets(JINING, "origin-loan", "2007-2008", **before) == ["least"]
    assert meets(JINING, "origin-loan", "2007-2008", **before | {"tuition_fen": 200_00}) == []
    version = loaded(NATIONAL).programme("origin-loan").version_for("2021-2022")
    row = assess(frame_of([before, case | {"tuition_fen": 4321_99}]), version)
    assert row.get_column("amount_fen").to_list() == [1000_00, 5121_00]


def test_what_excludes_what_is_said_from_both_sides() -> None:
    pairs = {
        frozenset((code, other))
        for name in DIRECTORIES
        for code, programme in loaded(name).programmes.items()
        for other in programme.exclusive_with
        if code in loaded(name).programme(other).exclusive_with
    }
    assert pairs == {
        frozenset(("national-scholarship", "encouragement-scholarship")),
        frozenset(("origin-loan", "campus-loan")),
    }


@pytest.mark.parametrize("code", ["national-grant", "encouragement-scholarship"])
def test_only_a_registered_state_funded_trainee_is_excluded(code: str) -> None:
    assert meets(NATIONAL, code, "2024-2025", **SCHOLAR) == []
    assert meets(NATIONAL, code, "2024-2025", **SCHOLAR, state_funded_trainee=False) == []
    registered = meets(NATIONAL, code, "2024-2025", **SCHOLAR, state_funded_trainee=True)
    assert registered == ["not_state_funded"]


SHARED = ["boarding-subsidy", "day-pupil-subsidy", "vocational-grant", "senior-grant"]
SHARED += ["vocational-tuition-waiver", "senior-tuition-waiver"]


@pytest.mark.parametrize("code", SHARED)
def test_central_and_local_money_are_halves_since_2019(code: str) -> None:
    since = parse_period("2019-autumn").order
    for version in loaded(NATIONAL).programme(code).versions:
        shares = {share.source: share.basis_points for share in version.funding}
        halves = {"central": 5000, "local": 5000}
        assert shares == (halves if version.order >= since else {"county": 10_000})


@pytest.mark.parametrize(
    ("name", "code", "period", "of", "bound", "basis_points"),
    [
        (JINING, "boarding-subsidy", "2008-spring", "boarders", "floor", 800),
        (JINING, "encouragement-scholarship", "2007-2008", "roll", "guide", 300),
        (JINING, "national-grant", "2007-2008", "roll", "guide", 2000),
        (JINING, "senior-grant", "2007-autumn", "roll", "guide", 800),
        (JINING, "national-scholarship", "2007-2008", "given", "ceiling", 0),
        (NATIONAL, "national-scholarship", "2024-2025", "given", "ceiling", 0),
        (NATIONAL, "encouragement-scholarship", "2024-2025", "roll", "guide", 300),
        (NATIONAL, "preschool-grant", "2020-spring", "roll", "guide", 1000),
        (NATIONAL, "senior-grant", "2010-autumn", "roll", "guide", 1000),
    ],
)
def test_places_are_those_of_the_documents(
    name: str, code: str, period: str, of: str, bound: str, basis_points: int
) -> None:
    version = loaded(name).programme(code).version_for(period)
    assert [(each.of, each.bound, each.basis_points) for each in version.quotas] == [
        (of, bound, basis_points)
    ]


@pytest.mark.parametrize(
    ("name", "code", "period", "tiers"),
    [
        (JINING, "national-grant", "2007-2008", (2000, 1000, 3000)),
        (JINING, "senior-grant", "2007-autumn", None),
        (NATIONAL, "preschool-grant", "2020-spring", (1200, 1000, 1400)),
        (NATIONAL, "vocational-grant", "2014-2015", None),
        (NATIONAL, "vocational-grant", "2015-2016", (2000, 1000, 3000)),
        (NATIONAL, "vocational-grant", "2025-2026", (2300, 1200, 3500)),
        (NATIONAL, "senior-grant", "2010-autumn", (1500, 1000, 3000)),
        (NATIONAL, "senior-grant", "2015-spring", None),
        (NATIONAL, "senior-grant", "2025-spring", (2300, 1200, 3500)),
        (NATIONAL, "national-grant", "2007-2008", (2000, 1000, 3000)),
        (NATIONAL, "national-grant", "2010-2011", None),
        (NATIONAL, "national-grant", "2019-2020", (3300, 2000, 4500)),
        (NATIONAL, "national-grant", "2024-2025", (3700, 2500, 5000)),
    ],
)
def test_averages_and_ranges_are_those_of_the_documents(
    name: str, code: str, period: str, tiers: tuple[int, int, int] | None
) -> None:
    found = loaded(name).programme(code).version_for(period).tiers
    if tiers is None:
        assert found is None
        return
    assert found is not None
    assert (found.average_fen, found.least_fen, found.most_fen) == tuple(t * 100 for t in tiers)


def test_a_case_without_an_amount_is_explained_and_promises_no_money() -> None:
    waiver = loaded(JINING).programme("fee-waiver")
    version = waiver.version_for("2008-spring")
    for stage, eligible in (("primary", True), ("senior", False)):
        facts = {"stage": {"value": stage}}
        found = explain(waiver, version, "2008-spring", facts)
        assert (found.eligible, found.amount) == (eligible, None)
        assert "amount" not in found.failed
