import pytest

from app.bank.catalogue import FOLDER, find_format, formats, load_formats
from app.bank.errors import FormatsInvalidError, FormatUnknown

PIPE = (FOLDER / "generic-pipe.toml").read_text("utf-8")


def problems_of(folder, *replaced: tuple[str, str]):
    text = PIPE
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    (folder / "generic-pipe.toml").write_text(text, "utf-8")
    with pytest.raises(FormatsInvalidError) as refused:
        load_formats(folder)
    return refused.value.problems


def test_every_format_without_a_source_for_its_whole_layout_is_named_generic():
    assert "generic-pipe" in formats()
    assert "假定" in formats()["generic-pipe"].assumption.zh


def test_an_unknown_code_is_refused_with_those_there_are():
    with pytest.raises(FormatUnknown, match="generic-pipe"):
        find_format("lanzhou")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('encoding = "gb18030"', 'encoding = "gbk"', "encoding: Value error, 'gbk' cannot write"),
        ('encoding = "gb18030"', 'encoding = "gb2312"', "encoding: Value error"),
        ('encoding = "gb18030"', 'encoding = "big5"', "is not offered"),
        ('encoding = "gb18030"', 'encoding = "no-such"', "is no encoding"),
        ('delimiter = "|"\n', 'delimiter = "."\n', "delimiter: Value error"),
        ('delimiter = "|"\n', 'delimiter = "||"\n', "delimiter:"),
        ("header = false", "header = 0", "header:"),
        ("header = false", "header = false\nunheard_of = 1", "unheard_of: Extra inputs"),
        ("min = 5\nmax = 1000", "min = 5\nmax = 8", "rows: Value error, max must be at least 9"),
        ('amount = "yuan-2"', 'amount = "fen"', "amount:"),
        ('    { field = "seq", title = "序号" },\n', "", "payment: Value error, columns lack seq"),
        ('field = "resident_id"', 'field = "name"', "columns given twice: name"),
        ('texts = ["超限"]', 'texts = ["户名不符"]', "reason texts given twice: 户名不符"),
        ('code = "over_limit"', 'code = "timeout"', "reason codes given twice: timeout"),
        ('texts = ["退汇"]', 'texts = ["成功"]', "result texts given twice: 成功"),
        (
            'outcome = "failed"\nreason = ',
            'outcome = "maybe"\nreason = ',
            "return.result.1.outcome",
        ),
        ('kind = "payment"', 'kind = "paymant"', "example.0"),
        ('kind = "reply"', 'kind = "reversal"', "at least one payment and one reply line"),
        ('code = "generic-pipe"', 'code = "other-pipe"', "must be the file's name"),
        ('yuan = "312.50"', 'yuan = "312.51"', "example.0: is written"),
        ('yuan = "312.50"', 'yuan = "312.5"', "example.0: '312.5' is not an amount"),
        ('account = "6217000010001234563"', 'account = "1"', "example.0: 1 faults"),
        ("|失败|户名不符|", "|失败|户名不合|", "example.2: is read as ('unknown', 'unlisted')"),
        ("|处理中||", "|处理中|", "example.4: The return file has 1 faults"),
        ("[rows]", "[rows", "is not TOML in UTF-8"),
    ],
)
def test_a_wrong_format_stops_the_start_and_names_file_and_key(tmp_path, old, new, said):
    problems = problems_of(tmp_path, (old, new))
    assert any(line.startswith("generic-pipe.toml: ") and said in line for line in problems)


def test_all_problems_of_all_files_are_listed(tmp_path):
    (tmp_path / "a-broken.toml").write_bytes(b"\xff")
    problems = problems_of(
        tmp_path, ('encoding = "gb18030"', 'encoding = "gbk"'), ('amount = "yuan-2"', "amount = 1")
    )
    assert {line.split(":")[0] for line in problems} == {"a-broken.toml", "generic-pipe.toml"}
    assert len(problems) == 3


def test_a_folder_without_a_format_stops_the_start(tmp_path):
    with pytest.raises(FormatsInvalidError, match="no format file"):
        load_formats(tmp_path)


def test_a_second_bank_is_one_more_file(tmp_path):
    text = PIPE.replace('"generic-pipe"', '"generic-comma"').replace('"|"', '","')
    text = text.replace("trailing_delimiter = true", "trailing_delimiter = false")
    text = text.replace("header = false", "header = true").replace('"crlf"', '"lf"')
    rows = [
        row.removesuffix('|"').replace("|", ",") + '"' if row.startswith("line = ") else row
        for row in text.split("\n")
    ]
    (tmp_path / "generic-comma.toml").write_text("\n".join(rows), "utf-8")
    (tmp_path / "generic-pipe.toml").write_text(PIPE, "utf-8")
    assert list(load_formats(tmp_path)) == ["generic-comma", "generic-pipe"]
