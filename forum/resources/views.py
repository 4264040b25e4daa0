"""The resources for progress, all on one page."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from forum.core.db import db
from forum.core.freshness import fresh
from forum.discussion.models.catalogue import catalogue, conversation_version
from forum.resources.models import Resource

bp = Blueprint("resources", __name__)

DISCUSSED_UNDER = "resources"


@bp.get("/resources")
@fresh(conversation_version)
def index() -> ResponseReturnValue:
    groups: dict[str, list[Resource]] = {}
    for resource in db.session.scalars(Resource.in_order()):
        groups.setdefault(resource.group, []).append(resource)
    prompt = catalogue().prompt(DISCUSSED_UNDER)
    return render_template("resources/index.html", groups=groups, prompt=prompt)
