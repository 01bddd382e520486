"""Duplicates by `recordlinkage`, as its guide has it; run in an environment of its own, since it pins an old pandas.

    PYTHON benchmarks/workload/recordlinkage_peer.py PEOPLE.csv > pairs

Pairs that share a birth date or a postal code, or whose surnames are neighbours in the alphabet, are compared: names
and address by Jaro-Winkler, the rest exactly; which are one person is learned without labels (Fellegi and Sunter, by
expectation and conditional maximisation). Prints the seconds of the processor that it took and the pairs compared, then
the pairs linked.
"""

import sys
import time

import pandas as pd
import recordlinkage
from recordlinkage.index import Block, SortedNeighbourhood


def main(path: str) -> None:
    people = pd.read_csv(path, dtype=str)
    work = time.process_time()
    index = recordlinkage.Index()
    index.add([Block("birth"), Block("postal"), SortedNeighbourhood("surname", window=9)])
    pairs = index.index(people)
    compare = recordlinkage.Compare()
    for name in ("given", "surname", "address"):
        compare.string(name, name, method="jarowinkler", threshold=0.88, label=name)
    for name in ("birth", "postal", "town"):
        compare.exact(name, name, label=name)
    linked = recordlinkage.ECMClassifier().fit_predict(compare.compute(pairs, people))
    print(time.process_time() - work, len(pairs))
    for left, right in linked:
        print(left, right)


if __name__ == "__main__":
    main(sys.argv[1])
