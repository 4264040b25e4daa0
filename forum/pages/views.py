from forum.resources import models  # noqa: F401
from flask import Blueprint

bp = Blueprint("pages", __name__)
