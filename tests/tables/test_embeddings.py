"""The json beside a table of embeddings."""

import json

import pytest

from gemcont import GemcontError
from gemcont.tables.embeddings import embedding_facts, facts_path, looks_embedded


@pytest.mark.parametrize(
    ("table", "path"),
    [
        ("a/b.embed.tsv", "a/b.embed.json"),
        ("a/b.embed.tsv.gz", "a/b.embed.json"),
        ("b.directions.parquet", "b.directions.json"),
        ("b.seen.embed.tsv", "b.seen.embed.json"),
        ("traits.tsv", "traits.embed.json"),
        ("traits", "traits.embed.json"),
    ],
)
def test_the_json_goes_with_the_name_of_its_table(table, path):
    assert facts_path(table) == path


def test_facts_are_read_and_older_ones_say_nobody(tmp_path):
    table = tmp_path / "x.embed.tsv"
    assert embedding_facts(table) is None
    path = tmp_path / "x.embed.json"
    path.write_text(json.dumps({"model": "abc", "seen": {"fid": ["f"], "iid": ["i"]}}))
    facts = embedding_facts(table)
    assert (facts.path, facts.model, facts.fid, facts.iid) == (str(path), "abc", ["f"], ["i"])
    path.write_text(json.dumps({"model": "abc"}))
    assert (embedding_facts(table).fid, embedding_facts(table).iid) == ([], [])


@pytest.mark.parametrize("text", ["[]", "{", "{}", '{"model": 1, "seen": 3}', '{"seen": {}}'])
def test_any_other_json_is_named(tmp_path, text):
    (tmp_path / "x.embed.json").write_text(text)
    with pytest.raises(GemcontError, match=r"x.embed.json: not the json of gemcont-embed"):
        embedding_facts(tmp_path / "x.embed.tsv")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["e1", "e2"], True),
        (["d1", "d12"], True),
        (["e1"], False),
        (["e1", "height"], False),
        (["e0", "e1"], False),
        (["e01", "e1"], False),
        ([], False),
    ],
)
def test_embeddings_are_known_by_their_columns(names, expected):
    assert looks_embedded(names) == expected
