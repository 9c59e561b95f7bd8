import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bank.summary import Summary, fill_summary


def filled(template: str, bytes_max: int, programme: str = "寄宿生补助", encoding="gb18030") -> str:
    summary = Summary(template=template, bytes_max=bytes_max)
    return fill_summary(summary, encoding, programme=programme, period="2008春")


@pytest.mark.parametrize(
    ("bytes_max", "text"),
    [
        (16, "寄宿生补助2008春"),  # ten bytes of name and six of period
        (15, "寄宿生补2008春"),
        (14, "寄宿生补2008春"),
        (8, "寄2008春"),
        (6, "2008春"),
        (5, "2008"),
    ],
)
def test_the_name_is_shortened_by_whole_characters_and_the_period_stays(bytes_max, text) -> None:
    assert filled("{programme}{period}", bytes_max) == text


def test_bytes_are_those_of_the_files_encoding() -> None:
    assert filled("{period}{programme}", 16, encoding="utf-8") == "2008春寄宿生"


@given(st.text(st.characters(codec="gb18030"), max_size=40), st.integers(4, 60))
def test_whatever_the_name_the_text_fits_and_no_character_is_cut(programme, bytes_max) -> None:
    text = filled("{programme}{period}", bytes_max, programme)
    assert len(text.encode("gb18030")) <= bytes_max
    assert text.endswith("2008春") == (bytes_max >= 6)
    assert (programme + "2008春").startswith(text.removesuffix("2008春")) or text == "2008"
