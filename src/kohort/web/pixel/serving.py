"""Where the collector serves the pixel: GET /kohort.js, and the template of the tag manager: GET /kohort.tpl."""

from kohort.web.collector import Collector
from kohort.web.http import Request, Response
from kohort.web.pixel import pixel_script, tag_manager_template


def mount_pixel(collector: Collector) -> None:
    """Let `collector` serve what runs on web sites."""
    script = Response(200, pixel_script(), ((b"content-type", b"text/javascript; charset=utf-8"), _AN_HOUR))
    name = (b"content-disposition", b'attachment; filename="kohort.tpl"')
    template = Response(
        200, tag_manager_template().encode(), ((b"content-type", b"text/plain; charset=utf-8"), name, _AN_HOUR)
    )

    async def serve_script(request: Request) -> Response:  # noqa: ARG001 - a handler is given its request
        return script

    async def serve_template(request: Request) -> Response:  # noqa: ARG001 - as above
        return template

    collector.routes.add("GET", "/kohort.js", serve_script)
    collector.routes.add("GET", "/kohort.tpl", serve_template)


_AN_HOUR = (b"cache-control", b"public, max-age=3600")
