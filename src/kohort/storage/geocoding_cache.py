"""What geocoders answered, so that each address is asked once: an SQLite file that can be deleted at any time.

An address is a personal datum: it stands here as a keyed hash only, the answer beside it. Whatever nobody has any more
is deleted by the next run, so that what is erased, or changed, at its source goes from here too.
"""

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import sqlalchemy as sa
from sqlalchemy import exc

from kohort.clock import Moment
from kohort.errors import ProjectError

_METADATA: Final = sa.MetaData()
_ANSWERS: Final = sa.Table(
    "answers",
    _METADATA,
    sa.Column("score", sa.String, primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    # Null for an address that was not found.
    sa.Column("answer", sa.JSON(none_as_null=True)),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
)
_SCORES: Final = sa.Table(
    "scores",
    _METADATA,
    sa.Column("score", sa.String, primary_key=True),
    sa.Column("secret", sa.LargeBinary(32), nullable=False),
    # How many runs have left something to ask.
    sa.Column("unfinished", sa.Integer, nullable=False),
)
_PIECE: Final = 500


class GeocodingCache:
    """The answers to one score's addresses, asked of `service`, while the context lasts; raises ProjectError.

    Another service's answers are not taken for this one's.
    """

    def __init__(self, path: Path, score: str, service: str) -> None:
        self._path, self._score = path, f"{score} by {service}"

    def __enter__(self) -> Self:
        """Open the file, which is its owner's alone; it is made if it is not there."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            self._engine = sa.create_engine(f"sqlite:///{self._path}", poolclass=sa.NullPool)
            _METADATA.create_all(self._engine)
            with self._engine.begin() as connection:
                found = connection.execute(sa.select(_SCORES).where(_SCORES.c.score == self._score)).one_or_none()
                if found is None:
                    self._secret = secrets.token_bytes(32)
                    values = {"score": self._score, "secret": self._secret, "unfinished": 0}
                    connection.execute(sa.insert(_SCORES).values(**values))
                else:
                    self._secret = found.secret
        except (OSError, exc.SQLAlchemyError) as error:
            raise ProjectError(
                f"{self._path} cannot be used: {error}; delete it, and addresses are asked anew"
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._engine.dispose()

    def answers(self, addresses: Sequence[str]) -> dict[str, Mapping[str, Any] | None]:
        """Return what is known of addresses; those that were never asked are missing."""
        by_digest = {self._digest(one): one for one in addresses}
        wanted, found = list(by_digest), {}
        with self._engine.connect() as connection:
            for start in range(0, len(wanted), _PIECE):
                piece = wanted[start : start + _PIECE]
                query = sa.select(_ANSWERS.c.digest, _ANSWERS.c.answer).where(
                    _ANSWERS.c.score == self._score, _ANSWERS.c.digest.in_(piece)
                )
                found.update({by_digest[row.digest]: row.answer for row in connection.execute(query)})
        return found

    def keep(self, address: str, answer: Mapping[str, Any] | None, at: Moment) -> None:
        """Keep the answer to an address, None for one that was not found."""
        values = {"score": self._score, "digest": self._digest(address), "answer": answer, "asked_at": at}
        with self._engine.begin() as connection:
            connection.execute(sa.insert(_ANSWERS).prefix_with("OR REPLACE").values(**values))

    def forget_others(self, addresses: Iterable[str]) -> int:
        """Delete the answers to all but these addresses, and return how many there were."""
        kept = {self._digest(one) for one in addresses}
        with self._engine.begin() as connection:
            query = sa.select(_ANSWERS.c.digest).where(_ANSWERS.c.score == self._score)
            gone = [row.digest for row in connection.execute(query) if row.digest not in kept]
            for start in range(0, len(gone), _PIECE):
                piece = gone[start : start + _PIECE]
                connection.execute(
                    sa.delete(_ANSWERS).where(_ANSWERS.c.score == self._score, _ANSWERS.c.digest.in_(piece))
                )
        return len(gone)

    def unfinished(self) -> int:
        """Return how many runs have left something to ask."""
        with self._engine.connect() as connection:
            query = sa.select(_SCORES.c.unfinished).where(_SCORES.c.score == self._score)
            return int(connection.execute(query).scalar_one())

    def leave_unfinished(self) -> None:
        """Count a run that has left something to ask."""
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(_SCORES).where(_SCORES.c.score == self._score).values(unfinished=_SCORES.c.unfinished + 1)
            )

    def _digest(self, address: str) -> bytes:
        return blake2b(address.encode(), key=self._secret, digest_size=32).digest()
