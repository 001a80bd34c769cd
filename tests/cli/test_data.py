"""`simulator data`: what is there, what is missing, and what to do without a network."""


def test_without_a_network_a_data_set_is_one_message_and_code_2(simulator, tmp_path):
    """A registry that cannot be reached ends in a sentence that says what works without."""
    offline = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": ""}
    outcome = simulator("data", "get", "movielens-100k", SIMULATOR_DATA=str(tmp_path / "none"), **offline)
    assert outcome.code == 2
    assert outcome.stdout == ""
    assert outcome.stderr.startswith("error: movielens-100k: not in ")
    assert "the synthetic world needs no data" in outcome.stderr


def test_an_unknown_data_set_is_a_usage_error(simulator):
    """A name that is none is answered with the names."""
    outcome = simulator("data", "get", "movielens")
    assert outcome.code == 2
    assert "there are movielens-100k, open-bandit, lee-news" in outcome.stderr


def test_an_empty_cache_lists_how_to_fill_it(simulator, tmp_path):
    """Each data set is listed with the command that brings it, in 80 columns, or as JSON."""
    empty = {"SIMULATOR_DATA": str(tmp_path / "none")}
    outcome = simulator("data", "list", **empty)
    assert "simulator data get open-bandit" in outcome.stdout
    assert max(map(len, outcome.stdout.splitlines())) <= 80
    rows = simulator("data", "list", "--json", **empty).document["data_sets"]
    assert [row["folder"] for row in rows] == [None, None, None]


def test_what_is_in_the_cache_is_not_brought_again(simulator, tmp_path):
    """A complete folder is named with its licence and source, without a network."""
    from simulator.data.sources import SOURCES

    source = SOURCES["lee-news"]
    folder = tmp_path / "shelf" / f"lee-news-{source.sha256[:8]}"
    folder.mkdir(parents=True)
    for file in source.files:
        (folder / file).write_text("words")
    outcome = simulator(
        "data", "get", "lee-news", SIMULATOR_DATA=str(tmp_path / "shelf"), PIP_INDEX_URL="http://127.0.0.1:9/"
    )
    assert outcome.code == 0
    assert "in the cache already" in outcome.stdout
    assert "licence: " in outcome.stdout
    assert "source: " in outcome.stdout
