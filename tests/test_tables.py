import numpy as np
import pytest

from riemgn.tables import read_table


def table(tmp_path, text, name="own.csv", **options):
    path = tmp_path / name
    path.write_text(text, **options)
    return read_table(path)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2.5\n3,-4e2\n",
        "a;b\n1;2.5\n3;-4e2\n",
        "a\tb\n1\t2.5\n3\t-4e2\n",
        " a, b\n1, 2.5\n3, -4e2",
    ],
)
def test_numbers_are_read_whatever_separates_them(tmp_path, text):
    read = table(tmp_path, text)
    assert read.columns == ("a", "b")
    assert read.numbers(("b", "a")).tolist() == [[2.5, 1.0], [-400.0, 3.0]]


def test_quotes_blank_lines_and_a_byte_order_mark(tmp_path):
    read = table(tmp_path, '\ufeff"a, first",b\n\n1,2\n3,4\n', encoding="utf-8")
    assert read.columns == ("a, first", "b")
    assert len(read.frame) == 2


def test_a_column_keeps_its_kind(tmp_path):
    read = table(tmp_path, "i,f,t,b\n1,1.5,no,True\n2,2,NA,False\n")
    assert read.column("i").dtype == np.int64
    assert read.column("f").dtype == np.float64
    assert read.column("t").tolist() == ["no", "NA"]
    assert read.column("b").tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\nx,3\n", "column 'a' must hold numbers, got 'x' in row 2 of"),
        ("a,b\n1,2\nnan,3\n", "column 'a' has no value .* in row 2"),
        ("a,b\n1,2\n,3\n", "column 'a' has no value .* in row 2"),
        ("a,b\n1,2\ninf,3\n", "column 'a' must be finite, got inf in row 2"),
        ("a,b\n1,2\n1e400,3\n", "column 'a' must be finite, got inf in row 2"),
        ('a,b\n1,2\n"1,5",3\n', "column 'a' must hold numbers, got '1,5' in row 2"),
        ("b,aa\n1,2\n", "unknown column of own.csv 'a'; did you mean 'aa'"),
    ],
)
def test_a_bad_column_is_named(tmp_path, text, message):
    read = table(tmp_path, text)
    with pytest.raises(ValueError, match=message):
        read.numbers(("a",))


def test_a_column_that_mixes_numbers_and_text_is_refused(tmp_path):
    with pytest.raises(ValueError, match="got 'two' in row 2"):
        table(tmp_path, "y\n1\ntwo\n").column("y")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n  \n", "is empty"),
        ("a,b\n", "has no rows"),
        ("a,a\n1,2\n", "two columns named 'a'"),
        ("a,b\n1,2\n3,4,5\n", "not a table: .*Expected 2 fields in line 3, saw 3"),
        ("a,b\n1,2,3\n3,4,5\n", "longer than its header"),
    ],
)
def test_a_bad_file_is_named(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        table(tmp_path, text)


def test_absent_files_folders_and_binary_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*absent\.csv"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(ValueError, match="is not a file"):
        read_table(tmp_path)
    (tmp_path / "image.csv").write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(ValueError, match="not a text file in UTF-8"):
        read_table(tmp_path / "image.csv")


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "fastparquet", None)
    (tmp_path / "own.parquet").write_bytes(b"PAR1")
    with pytest.raises(ImportError, match=r"pip install pyarrow$"):
        read_table(tmp_path / "own.parquet")


def test_parquet_is_read_as_csv_is(tmp_path):
    pytest.importorskip("pyarrow")
    import pandas

    frame = pandas.DataFrame({"a": [1.0, 2.0], "n": [1, 2], "t": ["x", "y"]})
    frame.to_parquet(tmp_path / "own.parquet")
    read = read_table(tmp_path / "own.parquet")
    assert read.numbers(("a", "n")).tolist() == [[1.0, 1.0], [2.0, 2.0]]
    assert read.column("t").tolist() == ["x", "y"]
    (tmp_path / "bad.parquet").write_bytes(b"no parquet at all")
    with pytest.raises(ValueError, match="not a Parquet file"):
        read_table(tmp_path / "bad.parquet")
