"""A center's own series: taken whole, or refused whole with line, column, value and what is allowed."""

import pytest
from conftest import ROOT

import netdash as nd
from netdash.outcome_tables import forest_table

TEMPLATE = (ROOT / "data" / "local_series.csv").read_text(encoding="utf-8")


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "our_center.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_the_template_is_taken_as_it_is(file):
    rows = nd.outcomes(extra=file(TEMPLATE))
    own = rows[rows["local"]]
    assert len(own) == 2
    assert len(rows) == len(nd.outcomes()) + 2
    assert set(own["source"]) == {"local"}
    assert rows.dtypes.equals(nd.outcomes().dtypes)
    assert own["locator"].tolist() == ["our_center.csv, line 2", "our_center.csv, line 3"]
    assert not own["poolable"].any()
    assert "only when asked" in own["why_not_poolable"].iloc[0]
    assert own["not_reached"].tolist() == [False, True]


def test_the_published_rows_stay_as_they_are(file):
    rows = nd.outcomes(extra=file(TEMPLATE))
    assert rows[~rows["local"]].reset_index(drop=True).equals(nd.outcomes())


def test_a_local_rate_is_drawn_beside_the_published_ones_and_says_so(file):
    table = forest_table(nd.outcomes(extra=file(TEMPLATE))).frame().set_index("outcome_id")
    assert table.at["x-1", "left_out"] == ""
    assert table.at["x-1", "label"] == "Our center 2024 (local)"
    assert table.at["x-2", "left_out"] == "a median, not a rate"
    assert "x-1" in str(nd.forest(nd.outcomes(extra=file(TEMPLATE))).to_json())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("resection,Resection", "surgery,Resection"),
            r"line 2, column therapy: given 'surgery', expected one of resection",
        ),
        ((",80,", ",180,"), r"line 2, column value: given '180', expected a rate of at most 100 percent"),
        ((",80,", ",-1,"), r"line 2, column value: given '-1', expected a number from 0"),
        ((",80,", ",eighty,"), r"line 2, column value: given 'eighty', expected a number"),
        ((",25,", ",,"), r"line 2, column n: given nothing, expected a whole number from 1"),
        ((",25,", ",2.5,"), r"line 2, column n: given '2.5', expected a whole number"),
        ((",25,", ",nan,"), r"line 2, column n: given 'nan'"),
        ((",80,", ",nan,"), r"line 2, column value"),
        ((",80,", ",inf,"), r"line 2, column value"),
        ((",rate,60", ",rate,"), r"line 2, column horizon_months: given nothing"),
        ((",median,,", ",median,60,"), r"line 3, column horizon_months: given '60', expected nothing for a median"),
        ((",percent,", ",months,"), r"line 2, column unit: given 'months', expected percent"),
        ((",yes,", ",no,"), r"line 3, column value: given nothing, expected a value, or not_reached = yes"),
        ((",no,", ",maybe,"), r"line 2, column not_reached: given 'maybe', expected yes or no"),
        (("overall_survival,rate", "happiness,rate"), r"line 2, column endpoint: given 'happiness'"),
        (("2024", "MMXXIV"), r"line 2, column year: given 'MMXXIV', expected a whole number"),
        (("author,", "autor,"), r"the heading is 'autor,"),
        ((",", ";"), r"the heading is"),
    ],
)
def test_a_wrong_cell_is_refused_with_line_column_value_and_what_is_allowed(file, change, said):
    with pytest.raises(ValueError, match=said):
        nd.outcomes(extra=file(TEMPLATE.replace(*change)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no rows"),
        (b"\n\n", "holds no rows"),
        (TEMPLATE.splitlines()[0].encode() + b"\n", "holds no rows"),
        ("Zürich".encode("latin-1"), "not UTF-8"),
        (b"\x00\x01" * 50 + b"\nx", "the heading is"),
        (b"x" * 50_000_000, "given more than 2,000,000 bytes, expected a table with one row per arm and endpoint"),
        (TEMPLATE.encode() + b"Our,1\n", "nothing was taken"),
        (TEMPLATE.encode() + b'"unclosed', "nothing was taken"),
        (TEMPLATE.encode() + TEMPLATE.splitlines()[1].encode(), "line 4: given the "),
        (TEMPLATE.replace("Our center", "Our\tcenter").encode(), "line 2, column author: given 'Our.tcenter'"),
    ],
)
def test_a_wrong_file_is_refused_whole(file, content, said):
    with pytest.raises(ValueError, match=said):
        nd.outcomes(extra=file(content))


def test_a_missing_file_is_said():
    with pytest.raises(ValueError, match="there is no such file"):
        nd.outcomes(extra="no_such.csv")


def test_one_wrong_cell_among_many_right_rows_refuses_all(file):
    rows = [f"C{i},2020,resection,Arm,,10,overall_survival,rate,60,{i % 100},percent,,no,," for i in range(200)]
    rows[150] = rows[150].replace("resection", "resektion")
    with pytest.raises(ValueError, match=r"line 152, column therapy: given 'resektion'"):
        nd.outcomes(extra=file("\n".join([TEMPLATE.splitlines()[0], *rows]) + "\n"))
