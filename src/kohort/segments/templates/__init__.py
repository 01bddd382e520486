"""The files that a new project starts from: reference segments and scores."""

from importlib.resources import files


def template(name: str) -> str:
    """Return the text of a template file.

    >>> "name: vip" in template("reference.yaml")
    True
    """
    return files("kohort.segments.templates").joinpath(name).read_text(encoding="utf-8")
