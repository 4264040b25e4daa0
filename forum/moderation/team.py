from forum.moderation import models  # noqa: F401
from flask import Blueprint

bp = Blueprint("team", __name__, url_prefix="/team")
