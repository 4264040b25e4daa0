"""The files of case studies as they are served: pictures to be seen in the page, papers to be saved."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from forum.case_studies.models.files import Rendition, StudyFile
from forum.core.db import db
from forum.core.guards import me
from forum.core.storage import storage
from forum.discussion.models import slug_of

# A browser keeps what everyone may see for good, since another picture has another address. What stands between
# asks again soon: a picture that the team has hidden is gone.
EVERYONE_MAY_KEEP = "public, max-age=31536000, immutable, s-maxage=10"
ONE_MAY_KEEP = "private, no-cache"
POLICY = "default-src 'none'; sandbox"

bp = Blueprint("files", __name__, url_prefix="/files")
log = structlog.get_logger("forum.files")


@bp.get("/<int:id>-<string(length=32):hash>-<int(min=1):width>.webp")
def picture(id: int, hash: str, width: int) -> ResponseReturnValue:
    file, rendition, public = _found(id, hash, width)
    return _answer(rendition, public, "image/webp", f'inline; filename="{_name(file)}.webp"')


@bp.get("/<int:id>-<string(length=32):hash>.pdf")
def paper(id: int, hash: str) -> ResponseReturnValue:
    file, rendition, public = _found(id, hash, 0)
    return _answer(rendition, public, "application/pdf", f'attachment; filename="{_name(file)}.pdf"')


def _found(id: int, hash: str, width: int) -> tuple[StudyFile, Rendition, bool]:
    """What was asked for, where this person may see it; else a 404, as for what never was."""
    row = db.session.execute(StudyFile.asked(me(), id, width)).first()
    if row is None or row[0].hash[:32] != hash:
        abort(404)
    return row[0], row[1], bool(row[2])


def _answer(rendition: Rendition, public: bool, type: str, disposition: str) -> Response:
    if request.if_none_match.contains(rendition.hash):
        response = Response(status=304)
    else:
        try:
            pieces = storage().get(rendition.hash)
        except FileNotFoundError:
            log.error("the storage lacks a file that the database knows", hash=rendition.hash)
            abort(404)
        response = Response(pieces, mimetype=type)
        response.content_length = rendition.size
        response.headers["Content-Disposition"] = disposition
    response.set_etag(rendition.hash)
    response.headers["Cache-Control"] = EVERYONE_MAY_KEEP if public else ONE_MAY_KEEP
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _name(file: StudyFile) -> str:
    """What it is saved as. Never the name it was sent with, which may hold a person's."""
    return slug_of(file.alt) if file.alt else f"picture-{file.id}"
