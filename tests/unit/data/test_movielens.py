"""Every layout of MovieLens is read into the same data set."""

import numpy as np
import pytest

from simulator.data.fetch import cached
from simulator.data.movielens import load_movielens, read_movielens
from simulator.errors import InputError

real = pytest.mark.skipif(
    cached("movielens-100k") is None, reason="MovieLens is not in the cache: simulator data get movielens-100k"
)


def atomic(folder):
    """Write RecBole's files."""
    (folder / "ml-100k.inter").write_text(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n2\t20\t4\t200\n1\t10\t3\t100\n"
    )
    (folder / "ml-100k.item").write_text(
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        '10\t"Heat" Again\t1995\tAction Crime\n20\tCasino\t1996\tDrama\n'
    )
    (folder / "ml-100k.user").write_text(
        "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n1\t24\tM\twriter\t1\n2\t53\tF\tother\t2\n"
    )


def hundred_thousand(folder):
    """Write the files of the 100K layout."""
    (folder / "u.data").write_text("2\t20\t4\t200\n1\t10\t3\t100\n")
    flags = {"10": "0|1|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0", "20": "0|0|0|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0"}
    (folder / "u.item").write_text(
        f'10|"Heat" Again (1995)|01-Jan-1995||url|{flags["10"]}\n20|Casino (1996)|01-Jan-1996||url|{flags["20"]}\n',
        encoding="latin-1",
    )
    (folder / "u.user").write_text("1|24|M|writer|1\n2|53|F|other|2\n")


def million(folder):
    """Write the files of the 1M layout."""
    (folder / "ratings.dat").write_text("2::20::4::200\n1::10::3::100\n")
    (folder / "movies.dat").write_text('10::"Heat" Again (1995)::Action|Crime\n20::Casino (1996)::Drama\n')
    (folder / "users.dat").write_text("1::M::24::writer::1\n2::F::53::other::2\n")


def twenty_million(folder):
    """Write the files of the layout since 20M, which tells nothing of users."""
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n2,20,4,200\n1,10,3,100\n")
    (folder / "movies.csv").write_text(
        'movieId,title,genres\n10,"""Heat"" Again (1995)",Action|Crime\n20,Casino (1996),Drama\n'
    )


@pytest.mark.parametrize("layout", [atomic, hundred_thousand, million, twenty_million])
def test_ratings_and_films_are_the_same_in_every_layout(tmp_path, layout):
    """Times, ratings, years and genres come out alike."""
    layout(tmp_path)
    data = read_movielens(tmp_path)
    assert data.ratings.users == (1, 2)
    assert data.ratings.items == (10, 20)
    assert data.ratings.time.tolist() == [100, 200]
    assert data.ratings.label.tolist() == [3, 4]
    assert data.title[0].startswith('"Heat" Again')
    assert data.year.tolist() == [1995, 1996]
    assert data.genre_names == ("Action", "Crime", "Drama")
    assert data.genres.tolist() == [[1, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("layout", [atomic, hundred_thousand, million])
def test_users_are_described_where_the_layout_does(tmp_path, layout):
    """Age, gender and occupation come out alike."""
    layout(tmp_path)
    data = read_movielens(tmp_path)
    assert data.age.tolist() == [24, 53]
    assert data.gender == ("M", "F")
    assert data.occupation == ("writer", "other")


def test_users_without_description_are_unknown(tmp_path):
    """The layout since 20M leaves age NaN and words empty."""
    twenty_million(tmp_path)
    data = read_movielens(tmp_path)
    assert np.isnan(data.age).all()
    assert data.gender == data.occupation == ("", "")


def test_a_rating_of_an_unknown_film_is_named(tmp_path):
    """A film that is rated and not described is told with its row."""
    million(tmp_path)
    (tmp_path / "movies.dat").write_text("10::Heat (1995)::Action\n")
    with pytest.raises(InputError, match="item 20 in row 1 is not described"):
        read_movielens(tmp_path)


def test_a_folder_without_ratings_is_told_what_was_expected(tmp_path):
    """The files that tell a layout are listed."""
    with pytest.raises(InputError, match=r"ml-100k\.inter, u\.data, ratings\.dat, ratings\.csv"):
        read_movielens(tmp_path)


@real
def test_the_real_data_are_as_described():
    """100,000 ratings by 943 users of 1,682 films, from 1 to 5, with 19 genres counting "unknown"."""
    data = load_movielens()
    assert (len(data.ratings), len(data.ratings.users), len(data.ratings.items)) == (100_000, 943, 1682)
    assert set(data.ratings.label) == {1, 2, 3, 4, 5}
    assert len(data.genre_names) == 19
    assert set(data.gender) == {"M", "F"}
    assert np.isfinite(data.age).all()


@real
def test_most_test_rows_by_time_are_of_users_unseen_in_training():
    """Of the last tenth by time, 85.8% are of users with no row in the first 80%."""
    user = load_movielens().ratings.user
    unseen = ~np.isin(user[90_000:], user[:80_000])
    assert np.count_nonzero(unseen) == 8582
