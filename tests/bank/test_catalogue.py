from pathlib import Path

import pytest

from app import main
from app.bank import catalogue, statement_catalogue
from app.bank.catalogue import FOLDER, find_format, formats, load_formats
from app.bank.errors import FormatsInvalidError, FormatUnknown
from app.core.settings import SettingsWrong

PIPE = (FOLDER / "generic-pipe.toml").read_text("utf-8")


def problems_of(folder, *replaced: tuple[str, str], code: str = "generic-pipe"):
    text = (FOLDER / f"{code}.toml").read_text("utf-8")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    (folder / f"{code}.toml").write_text(text, "utf-8")
    with pytest.raises(FormatsInvalidError) as refused:
        load_formats(folder)
    return refused.value.problems


def test_every_format_without_a_source_for_its_whole_layout_is_named_generic():
    laid_out = [code for code, fmt in formats().items() if fmt.kind != "iso20022"]
    assert all(code.startswith("generic-") for code in laid_out)
    assert all("假定" in fmt.assumption.zh for fmt in formats().values())


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
        ('amount = "yuan-2"', 'amount = "li"', "amount:"),
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
        ('kind = "delimited"', 'kind = "punched"', "kind"),
        ('quoting = "none"', 'quoting = "all"', "a trailing delimiter goes with"),
        ('charset = "gb18030"', 'charset = "big5"', "name_rules.charset"),
        ('title = "序号" }', 'title = "序号", width = 3 }', "only kind = 'fixed' has widths"),
        ('replies = "all"', 'replies = "failures_only"', "a list of failures does not close"),
        (
            '{ field = "resident_id", title = "身份证" }',
            '{ field = "summary", title = "摘要" }',
            "a summary column goes with [summary]",
        ),
    ],
)
def test_a_wrong_format_stops_the_start_and_names_file_and_key(tmp_path, old, new, said):
    problems = problems_of(tmp_path, (old, new))
    assert any(line.startswith("generic-pipe.toml: ") and said in line for line in problems)


@pytest.mark.parametrize(
    ("code", "old", "new", "said"),
    [
        ("fixed", ", width = 13 }", " }", "column 总金额 needs a width in bytes"),
        ("fixed", 'title = "户名", width = 60', 'title = "户名", width = 59', "narrower than 60"),
        ("fixed", 'title = "摘要", width = 30', 'title = "摘要", width = 29', "narrower than 30"),
        ("fixed", 'text = "H", width = 1', 'text = "HH", width = 1', "wider than the column"),
        ("fixed", 'title = "账号", width = 32', 'title = "账号", width = 32, align = "right"',
         "aligned to the left"),
        ("fixed", 'title = "账号", width = 32', 'title = "账号", width = 32, pad = "0"',
         "account padded with zeros could not be read back"),
        ("fixed", 'align = "right", pad = "0" },\n    { field = "account"',
         'pad = "0" },\n    { field = "account"', "zeros are padded on the left"),
        ("fixed", "header = false", "header = true", "has no row of titles"),
        ("fixed", 'sums = "fen-signed"', 'sums = "fen"', "sums:"),
        ("fixed", ', text = "T"', "", "a mark has a text"),
        ("fixed", "+000000056250b5", "+000000056250c5", "example.5: is written"),
        ("fixed", 'kind = "reply_file"', 'kind = "reply_files"', "example.6"),
        ("failures", '    { field = "paid_sum", title = "成功金额" },\n', "",
         "without paid_sum a list of failures does not close"),
        ("failures", '    { field = "mark", title = "合计", text = "合计" },\n', "",
         "columns lack mark"),
        ("failures", "outcomes = []", 'outcomes = ["paid"]', "example.6: is read as []"),
        ("failures", 'refused = "return-file-broken"', 'refused = "bank-refused-file"',
         "example.7: The return file has 2 faults"),
        ("failures", 'kind = "payment_file"', 'kind = "payment-file"', "example.4"),
        ("failures", 'template = "{period}{programme}"', 'template = "{school}"',
         "a summary is made of"),
        ("failures", 'template = "{period}{programme}"', 'template = "{period!r}"',
         "a summary is made of"),
        ("failures", 'template = "{period}{programme}"', 'template = "{"', "is no template"),
        ("codes-ceb", 'says = "refused"', 'says = "doubtful"', "return.file_code.3.says"),
        ("codes-ceb", 'texts = ["0113"]', 'texts = ["0112"]', "file codes given twice: 0112"),
        ("codes-ceb", '    { field = "file_code", title = "返回码" },\n', "",
         "a file_code in head or trailer goes with"),
        ("codes-ceb", 'own = ["光大银行"]', "own = []", "banks.own"),
        ("codes-ceb", '    { field = "sum", title = "总金额" },\n',
         '    { field = "file_code", title = "返回码" },\n', "does not say file_code"),
        ("codes-ceb", 'refused = "bank-refused-file"', "", "example.8: The bank has not taken"),
        ("xlsx", "\\t成功\\t", "\\t成功\\t\\tx", "example.1"),
    ],
)  # fmt: skip
def test_a_wrong_format_of_another_family_is_named_by_its_key(tmp_path, code, old, new, said):
    problems = problems_of(tmp_path, (old, new), code=f"generic-{code}")
    assert any(line.startswith(f"generic-{code}.toml: ") and said in line for line in problems)


@pytest.mark.parametrize("kind", ["payment_file", "reply_file"])
def test_a_head_or_trailer_needs_the_example_of_a_whole_file(tmp_path, kind):
    text = (FOLDER / "generic-failures.toml").read_text("utf-8")
    pieces = text.split("[[example]]")
    kept = [piece for piece in pieces if f'kind = "{kind}"' not in piece]
    (tmp_path / "generic-failures.toml").write_text("[[example]]".join(kept), "utf-8")
    with pytest.raises(FormatsInvalidError, match=f"examples must show a {kind}"):
        load_formats(tmp_path)


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


@pytest.mark.parametrize("family", [catalogue, statement_catalogue])
def test_a_wrong_format_is_found_before_the_first_request(tmp_path: Path, monkeypatch, family):
    (tmp_path / "odd.toml").write_text("code = 'odd'", "utf-8")
    monkeypatch.setattr(family, "FOLDER", tmp_path)
    loaders = [each for each in main.AT_START if each.__module__ == family.__name__]
    for load in loaders:
        load.cache_clear()
    try:
        with pytest.raises(SettingsWrong, match=r"odd\.toml"):
            [load() for load in loaders]
    finally:
        for load in loaders:
            load.cache_clear()
