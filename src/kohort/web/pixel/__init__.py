"""What runs on a web site: the pixel, and the Google Tag Manager template that loads it."""

from importlib.resources import files


def pixel_script() -> bytes:
    """Return the pixel as it is served: without the comments and indentation that its source has for readers.

    >>> len(pixel_script()) < 8_000
    True
    """
    lines = (line.strip() for line in _read("kohort.js").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")).encode()


def tag_manager_template() -> str:
    """Return the template to import in Google Tag Manager.

    >>> "___SANDBOXED_JS_FOR_WEB_TEMPLATE___" in tag_manager_template()
    True
    """
    return _read("tag_manager.tpl")


def _read(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
