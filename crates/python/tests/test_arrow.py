"""Drawings in columns of pyarrow, polars, pandas and DuckDB have the answers that they have as lists."""

from decimal import Decimal

import numpy as np
import pytest

import dabnet

STAR = [[(50, 0), (79, 90), (2, 35), (98, 35), (21, 90), (50, 0)]]
HOUSE = [[(0, 50), (50, 0), (100, 50)], [(10, 50), (10, 100), (90, 100), (90, 50)], [(40, 100), (40, 70), (60, 70), (60, 100)]]
DRAWINGS = [STAR, HOUSE, STAR]


@pytest.fixture(scope="module")
def model():
    return dabnet.load("quickdraw-20")


@pytest.fixture(scope="module")
def expected(model):
    return model.recognize_batch(DRAWINGS, top=2)


def same(found, expected):
    return np.array_equal(found[0], expected[0]) and np.array_equal(found[1], expected[1])


def as_points():
    return [[[list(map(float, point)) for point in stroke] for stroke in drawing] for drawing in DRAWINGS]


def as_named():
    return [[[{"x": x, "y": y, "pressure": 1} for x, y in stroke] for stroke in drawing] for drawing in DRAWINGS]


def as_columns():
    return [[{"x": [x for x, _ in stroke], "y": [y for _, y in stroke]} for stroke in drawing] for drawing in DRAWINGS]


def as_files():
    line = '{{"strokes": {}}}'
    return [line.format([[list(point) for point in stroke] for stroke in drawing]) for drawing in DRAWINGS]


@pytest.mark.parametrize("form", [as_points, as_named, as_columns, as_files])
def test_every_form_of_pyarrow(model, expected, form):
    arrow = pytest.importorskip("pyarrow")
    values = form()
    column = arrow.array(values)
    assert same(model.recognize_arrow(column, top=2), expected)
    assert same(model.recognize_arrow(column[1:], top=2), [part[1:] for part in expected])
    chunks = arrow.chunked_array([column[:1], column[1:]])
    assert same(model.recognize_arrow(chunks, top=2, threads=2), expected)
    table = arrow.table({"id": [1, 2, 3], "drawing": chunks})
    assert same(model.recognize_arrow(table, top=2), expected)
    assert same(model.recognize_arrow(table.to_reader(max_chunksize=2), top=2), expected)
    assert same(model.recognize_arrow(table.rename_columns(["id", "ink"]), column="ink", top=2), expected)


def test_other_types_of_pyarrow(model, expected):
    arrow = pytest.importorskip("pyarrow")
    for point in (arrow.list_(arrow.float32(), 2), arrow.large_list(arrow.int16()), arrow.list_(arrow.float64())):
        column = arrow.array(as_points(), arrow.large_list(arrow.list_(point)))
        assert same(model.recognize_arrow(column, top=2), expected)
        column = arrow.array(as_points(), arrow.list_view(arrow.large_list_view(point)))
        assert same(model.recognize_arrow(column, top=2), expected)
        assert same(model.recognize_arrow(column[1:], top=2), [part[1:] for part in expected])
    for number in (arrow.uint8(), arrow.int64(), arrow.float16(), arrow.decimal128(5, 1)):
        columns = arrow.list_(arrow.struct([("x", arrow.list_(number)), ("y", arrow.list_(number))]))
        exact = [[{axis: [Decimal(value) for value in values] for axis, values in stroke.items()} for stroke in drawing] for drawing in as_columns()]
        values = exact if arrow.types.is_decimal(number) else as_columns()
        assert same(model.recognize_arrow(arrow.array(values, columns), top=2), expected)
    for kind in (arrow.large_string(), arrow.binary(), arrow.string_view()):
        values = [text.encode() if kind == arrow.binary() else text for text in as_files()]
        assert same(model.recognize_arrow(arrow.array(values, kind), top=2), expected)


def test_nulls_beside_a_slice_do_no_harm(model, expected):
    arrow = pytest.importorskip("pyarrow")
    for beside in ([[[1.0, None]]], [[None]], [None]):
        column = arrow.array([beside, *as_points(), beside])
        assert same(model.recognize_arrow(column[1:4], top=2), expected)
    column = arrow.array([None, *as_columns(), [None]])
    assert same(model.recognize_arrow(column[1:4], top=2), expected)
    assert same(model.recognize_arrow(arrow.array(as_files()).dictionary_encode(), top=2), expected)


def test_what_is_no_column_of_drawings(model):
    arrow = pytest.importorskip("pyarrow")
    for column, reason in [
        (arrow.array([1, 2]), "column of drawings"),
        (arrow.array([[[[1.0]]]]), "fewer than two numbers"),
        (arrow.array([as_points()[0], None]), "row 1 has no drawing"),
        (arrow.array([[[[1.0, None]]]]), "null"),
        (arrow.array([[[{"x": 1, "y": 2}, None]]]), "null"),
        (arrow.array([[{"x": [1], "y": [2]}, None]]), "null"),
        (arrow.array([[[[0, 9, 9, 0], [0, 0, 9, 9]]]]), "more than three numbers"),
        (arrow.array([[{"x": [1.0, 2.0], "y": [1.0]}]]), "other numbers of x and y"),
        (arrow.array(["no sketch"]), "row 0"),
        (arrow.table({"a": [1]}), "no column 'drawing' among a|no column \"drawing\" among a"),
    ]:
        with pytest.raises(ValueError, match=reason):
            model.recognize_arrow(column)
    with pytest.raises((TypeError, ValueError)):
        model.recognize_arrow([1, 2])


def test_polars(model, expected):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"drawing": as_points()})
    assert same(model.recognize_arrow(frame, top=2), expected)
    assert same(model.recognize_arrow(frame["drawing"], top=2), expected)
    assert same(model.recognize_arrow(polars.DataFrame({"drawing": as_named()}), top=2), expected)
    assert same(model.recognize_arrow(polars.DataFrame({"drawing": as_files()}), top=2), expected)


def test_pandas(model, expected):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    assert same(model.recognize_arrow(pandas.DataFrame({"drawing": as_points()}), top=2), expected)


def test_duckdb(model, expected):
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    connection = duckdb.connect()
    connection.execute("CREATE TABLE sketches (id INTEGER, drawing STRUCT(x DOUBLE, y DOUBLE)[][])")
    for index, drawing in enumerate(as_named()):
        strokes = [[{"x": point["x"], "y": point["y"]} for point in stroke] for stroke in drawing]
        connection.execute("INSERT INTO sketches VALUES (?, ?)", [index, strokes])
    relation = connection.sql("SELECT * FROM sketches ORDER BY id")
    assert same(model.recognize_arrow(relation.to_arrow_table(), top=2), expected)
