"""The mark of a project's folder: by it processes on several machines know whether they work in the same one."""

import secrets
import socket
from collections.abc import Callable
from functools import cached_property
from hashlib import blake2b

from kohort.storage.folder import ProjectFolder


class Holder:
    """A project's folder on the machine `host`, of which a copy, here or elsewhere, is another.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = ProjectFolder(Path(place))
    ...     marks = [Holder(folder, host).mark for host in ("one", "one", "two")]
    ...     marks[0] == marks[1], marks[0] == marks[2]
    (True, False)
    """

    def __init__(
        self, folder: ProjectFolder, host: str = "", randomness: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self.host = host or socket.gethostname()
        self._folder, self._randomness = folder, randomness

    @cached_property
    def mark(self) -> str:
        """What no other folder has; it is made when it is first asked for."""
        file = self._folder.holder
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            made = file.with_suffix(f".{self._randomness(8).hex()}")
            made.write_text(self._randomness(16).hex())
            # Of two that make it at once the later one's stays.
            made.replace(file)
        text = "\0".join((file.read_text(), self.host, str(self._folder.path.resolve())))
        return blake2b(text.encode(), digest_size=12).hexdigest()
