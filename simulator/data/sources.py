"""The public data sets, each inside a package of a registry that carries it: what to bring, and on what terms.

A package is only read as an archive, never installed: its code does not run, and what it depends on is not
brought. The archive's sha256 pins every byte.
"""

from dataclasses import dataclass

__all__ = ["SOURCES", "Source"]


@dataclass(frozen=True)
class Source:
    """A data set and the one archive it comes in.

    Attributes
    ----------
    package
        What pip is asked for, NAME==VERSION.
    sha256
        Of the archive, the same on every machine.
    root
        The folder inside the archive.
    files
        Paths below the root, all that is brought.
    about
        What it is, in one line.
    licence
        On what terms its makers give it.
    origin
        Who made it and where it is described.
    tags
        Further options to pip where the archive differs by platform, so that all machines bring one.
    """

    package: str
    sha256: str
    root: str
    files: tuple[str, ...]
    about: str
    licence: str
    origin: str
    tags: tuple[str, ...] = ()


_GENSIM_WHEEL = (
    *("--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"),
    *("--platform", "manylinux_2_24_x86_64", "--platform", "manylinux_2_28_x86_64"),
)

SOURCES: dict[str, Source] = {
    "movielens-100k": Source(
        package="recbole==1.2.1",
        sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
        root="recbole/dataset_example/ml-100k",
        files=("ml-100k.inter", "ml-100k.item", "ml-100k.user"),
        about="100,000 ratings of 1,682 films by 943 people, 1997-1998, with times",
        licence="research only, neither commercial use nor redistribution without leave of GroupLens; cite the article",
        origin="F. M. Harper, J. A. Konstan, The MovieLens datasets, ACM TiiS 5(4), 2015; grouplens.org/datasets",
    ),
    "open-bandit": Source(
        package="obp==0.4.1",
        sha256="87dec9caf4283c25ab13036532e0a24566f1c7bdcad1653a8ded43b2f5ef8208",
        root="obp/dataset/obd",
        files=tuple(
            f"{policy}/{campaign}/{name}.csv"
            for policy in ("bts", "random")
            for campaign in ("all", "men", "women")
            for name in (campaign, "item_context")
        ),
        about="60,000 fashion items shown, 2 policies x 3 campaigns, with clicks and propensities",
        licence="the package is Apache-2.0; the terms of the data stand at research.zozo.com/data.html",
        origin="Y. Saito et al., Open Bandit Dataset and Pipeline, NeurIPS 2021; research.zozo.com/data.html",
    ),
    "lee-news": Source(
        package="gensim==4.4.0",
        sha256="91a7fa5e814e7b1bad4b2dffa8d62c1e55410d5cbdf930714c1997ffb4404db8",
        root="gensim/test/test_data",
        files=("lee_background.cor", "wordsim353.tsv", "simlex999.txt"),
        about="300 news texts, and two lists of word pairs with people's judgement of similarity",
        licence="as packaged with gensim, LGPL-2.1; the texts and lists are their authors', for research",
        origin=(
            "M. D. Lee et al., CogSci 2005 (texts); L. Finkelstein et al., ACM TOIS 20(1), 2002 (WordSim-353); "
            "F. Hill et al., Computational Linguistics 41(4), 2015 (SimLex-999)"
        ),
        tags=_GENSIM_WHEEL,
    ),
}
"""Every data set by the name that a user types."""
